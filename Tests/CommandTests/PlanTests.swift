import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("crossfire plan, submit, status and cancel")
struct PlanTests {
  private struct Plan: Decodable {
    struct Step: Decodable {
      let name: String
      let kind: String
      let needs: [String]
      let done: Bool
      let seconds: Double?
    }
    let experiment: String
    let folder: String
    let steps: [Step]
  }

  private let folder = TemporaryFolder()

  private func file(_ text: String = smallExperiment) throws -> String {
    let file = folder.appending("small.yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private func plan(_ arguments: String...) throws -> Plan {
    let result = try Command(arguments + ["--json"]).wait()
    #expect(result.status == 0, "\(result.errors)")
    return try JSONDecoder().decode(Plan.self, from: Data(result.output.utf8))
  }

  @Test("a plan lists every step with what it needs, and writes nothing")
  func steps() throws {
    let out = folder.appending("out")
    let plan = try plan("plan", file(), "--out", out.path, "--parts", "2")
    #expect(plan.experiment == "small" && plan.folder == out.path)
    #expect(plan.steps.count == 2 + 8 + 4 + 2 + 1)
    let named = Dictionary(uniqueKeysWithValues: plan.steps.map { ($0.name, $0) })
    #expect(named["model a"]?.needs == [])
    #expect(named["attack fgsm from a part 2 of 2"]?.needs == ["model a", "model b"])
    #expect(
      named["attack fgsm from a"]?.needs
        == ["attack fgsm from a part 1 of 2", "attack fgsm from a part 2 of 2"])
    #expect(named["probe b"]?.needs == ["model b"] && named["probe b"]?.kind == "probe")
    #expect(named["report"]?.needs.count == 8)
    #expect(plan.steps.allSatisfy { !$0.done && $0.seconds == nil })
    // Each step comes after those that it needs.
    var seen: Set<String> = []
    for step in plan.steps {
      #expect(seen.isSuperset(of: step.needs), "\(step.name)")
      seen.insert(step.name)
    }
    #expect(!FileManager.default.fileExists(atPath: out.path))
  }

  @Test("a plan opens no data, and thousands of steps are shown by kind")
  func largePlan() throws {
    let models = (1...40).map { "  m\($0): { file: m\($0).pth }" }.joined(separator: "\n")
    let text = """
      name: large
      data: { name: ./missing.npz }
      models:
      \(models)
      attacks: { fgsm: { epsilons: [0.1] }, pgd: { epsilons: [0.1] } }
      """
    let text2 = try Command.run(
      "plan", file(text), "--out", folder.appending("out").path, "--parts", "30")
    #expect(text2.status == 0, "\(text2.errors)")
    #expect(text2.output.split(separator: "\n").count < 12, "\(text2.output)")
    #expect(text2.output.contains("0 of 2561 steps of large are done"), "\(text2.output)")
    #expect(text2.output.contains("--json lists every step"))
  }

  @Test("submit --dry-run prints scripts, without Slurm and without writing anything")
  func dryRun() throws {
    let out = folder.appending("my runs")
    let result = try Command.run(
      "submit", file(), "--out", out.path, "--parts", "2", "--max-tasks", "3", "--dry-run",
      "--threads", "2", "--", "--partition=gpu", "-n", "-1")
    #expect(result.status == 0, "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: out.path))
    for part in [
      "--partition=gpu -n -1", "'\(out.path)/jobs/0001-models.sh'", "--threads 2",
      "\(Command.program.path) run ", "--array=0-2",
    ] { #expect(result.output.contains(part), "\(part): \(result.output)") }
    let refused = try Command.run("submit", file(), "--dry-run", "--", "--array=1-2")
    #expect(refused.status == 64 && refused.errors.contains("itself sets"), "\(refused)")
    let wrong = try Command.run("submit", file(), "--max-tasks", "0", "--dry-run")
    #expect(wrong.status == 64 && wrong.errors.contains("--max-tasks 0"), "\(wrong)")
  }

  @Test("submit leaves a folder with something else alone")
  func otherFolder() throws {
    let out = folder.appending("out")
    try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
    try Data().write(to: out.appending(path: "thesis.txt"))
    let result = try Command.run("submit", file(), "--out", out.path)
    #expect(result.status == 74 && result.errors.contains("is not a run folder"), "\(result)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: out.path).count <= 2)
  }

  @Test("status counts the steps of a folder that was only run, and cancel finds no jobs")
  func status() throws {
    let out = folder.appending("out").path
    let missing = try Command.run("status", out)
    #expect(missing.status == 66 && missing.errors.contains("not a run folder"), "\(missing)")
    try Command.output("run", file(), "--out", out, "--steps", "model *")
    let status = try Command.run("status", out)
    #expect(status.status == 0 && status.output.contains("of 9 steps"), "\(status)")
    let cancel = try Command.run("cancel", out)
    #expect(cancel.status == 0 && cancel.output == "no job waits or runs\n", "\(cancel)")
  }
}
