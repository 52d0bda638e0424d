import Foundation
import Support
import TestSupport

@testable import Cluster
@testable import Evaluation

/// An experiment with a run folder in which steps are marked as done without being done.
struct SomeRun {
  let folder = TemporaryFolder()
  let experiment: Experiment
  /// The run folder. Its name has characters that a shell and Slurm could misread.
  let out: URL

  /// Models that need others, two attacks, and 3 × 2 attacked models: 3 + 6 + 3 + 1 steps.
  static let text = """
    name: some
    data: { name: synthetic, train: 100, test: 50 }
    models:
      a: { architecture: small, epochs: 1 }
      b: { architecture: small, epochs: 1 }
      both: { model: b, transform: jpeg 75 }
    attacks:
      fgsm: { epsilons: [0.1] }
      pgd: { epsilons: [0.1] }
    """

  init(_ text: String = Self.text, name: String = "run") throws {
    experiment = try Experiment(.yaml(text, file: "some.yaml"))
    out = folder.appending(name)
  }

  func submission(_ slurm: FakeSlurm) -> Submission {
    var submission = Submission(experiment, into: out, executable: "/opt/cross fire/crossfire")
    submission.slurm = slurm.slurm
    return submission
  }

  /// Marks steps as done, and creates the files that they would write.
  func finish(_ names: [String], seconds: Double = 2, parts: Int = 1) throws {
    let keys = try StepKeys(experiment)
    let wanted = Set(names)
    let marks = StepMarks(out)
    for step in experiment.steps(parts: parts) where wanted.contains(step.name) {
      let file: String? =
        switch step {
        case .model(let name): "models/\(name).safetensors"
        case .attack(let attack, let source): "predictions/\(attack).\(source).safetensors"
        case .part(let attack, let source, _):
          "predictions/\(attack).\(source).safetensors.batches/0"
        case .probe(let name): "probes/\(name).json"
        default: nil
        }
      if let file {
        let place = out.appending(path: file)
        try FileManager.default.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: place)
      }
      try marks.add(step, key: keys(step), StepMarks.Mark(seconds: seconds))
    }
  }

  /// The steps' names in the list of a job.
  func list(_ name: String) throws -> [String] {
    try String(contentsOf: out.appending(path: "jobs/\(name).steps"), encoding: .utf8)
      .split(separator: "\n").map(String.init)
  }

  func status(_ slurm: FakeSlurm, claims: [ClaimedStep] = []) throws -> FolderStatus {
    try FolderStatus(of: out, slurm: slurm.slurm) { _ in claims }
  }
}

extension FolderStatus {
  func counts(_ group: ClusterPlan.Group) -> Counts? { stages.first { $0.group == group }?.counts }
}
