import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The entry cluster of an experiment")
struct ClusterPlanTests {
  private func experiment(_ cluster: String) throws -> Experiment {
    let text = """
      data: { name: synthetic, train: 100, test: 50 }
      models: { a: { architecture: mlp, epochs: 1 } }
      attacks: { fgsm: { epsilons: [0.1] } }

      """
    return try Experiment(.yaml(text + cluster, file: "run.yaml"))
  }

  @Test("options for all steps come before those of a group")
  func options() throws {
    let plan = try #require(
      experiment(
        """
        cluster:
          command: apptainer exec crossfire.sif crossfire
          setup: module load cuda
          options: [--partition=gpu]
          models: [--gres=gpu:1, --time=04:00:00]
        """
      ).cluster)
    #expect(plan.command == "apptainer exec crossfire.sif crossfire")
    #expect(plan.setup == ["module load cuda"])
    #expect(plan.options(for: .models) == ["--partition=gpu", "--gres=gpu:1", "--time=04:00:00"])
    #expect(plan.options(for: .report) == ["--partition=gpu"])
  }

  @Test("it is no part of the resolved experiment, and changes no key of a step")
  func isNoPart() throws {
    let (with, without) = (try experiment("cluster: { options: [-p gpu] }"), try experiment(""))
    #expect(without.cluster == nil && with.cluster?.options == ["-p gpu"])
    #expect(try with.resolved() == without.resolved())
    let keys = (try StepKeys(with), try StepKeys(without))
    for step in with.steps { #expect(keys.0(step) == keys.1(step)) }
  }

  @Test(
    "what it cannot mean is refused, with its line",
    arguments: [
      ("cluster: { modells: [--time=1] }", "did you mean 'models'"),
      ("cluster: { attacks: [--array=0-3] }", "itself sets this option"),
      ("cluster: { options: [-o log] }", "itself sets this option"),
      ("cluster: { options: [\"--comment=a\\nrm\"] }", "must be one line"),
      ("cluster: { command: \"\" }", "expected one line"), ("cluster: gpu", "expected a mapping"),
    ])
  func refusals(_ text: String, _ message: String) {
    #expect { try experiment(text) } throws: {
      "\($0)".contains(message) && "\($0)".contains("run.yaml:4")
    }
  }

  @Test(
    "an option that submit sets is refused in every spelling that sbatch takes, and no other is")
  func spellings() throws {
    for option in [
      "--depend=afterok:1", "--arr=0-3", "--ar 0-3", "-M other", "--clusters=other", "--clust=a",
      "-Ha 0-3", "-sMother", "--wra=x", "-a0-3", "--",
    ] {
      #expect(throws: Failure.self, "\(option)") { try ClusterPlan.check([option]) }
    }
    try ClusterPlan.check([
      "--partition", "gpu", "-p gpu", "-A lab", "--account=lab", "--mem=4G", "--exclude=n1", "-H",
      "--constraint=a100", "-C a100", "--cpus-per-task=4", "--comment=mine", "--nodelist=n1",
    ])
  }

  /// Tasks on a cluster read the resolved text.
  @Test("every experiment of the repository is the same when its resolved text is read again")
  func storedExperiments() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Experiments")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "yaml" }
    #expect(files.count > 10)
    let elsewhere = TemporaryFolder()
    for file in files {
      let first = try Experiment(file)
      let stored = elsewhere.appending("experiment.yaml")
      try first.resolved().write(to: stored, atomically: true, encoding: .utf8)
      let second = try Experiment(stored)
      #expect(try second.resolved() == first.resolved(), "\(file.lastPathComponent)")
      #expect(second.steps == first.steps)
    }
  }

  @Test("a resolved experiment has absolute paths, wherever its file and the process are")
  func paths() throws {
    let folder = TemporaryFolder()
    let network = try Architecture.named("small").network(
      input: InputShape(channels: 1, height: 28, width: 28), classNames: ["a", "b"], seed: Seed(1))
    try ModelFile.write(network, training: nil, to: folder.appending("m.safetensors"))
    let text = """
      data: { name: "./pictures:range=0..255" }
      models: { theirs: { file: sub/theirs.pth } }
      attacks: { mine: { attack: surrogate, model: m.safetensors, of: fgsm, epsilon: 0.1 } }
      """
    let resolved = try Experiment(.yaml(text, file: "run.yaml", folder: folder.url)).resolved()
    #expect(resolved.contains("file: \(folder.url.path)/sub/theirs.pth"), "\(resolved)")
    #expect(resolved.contains("model: \(folder.url.path)/m.safetensors"), "\(resolved)")
    #expect(resolved.contains(/name: '?\/.*pictures/), "\(resolved)")
  }
}
