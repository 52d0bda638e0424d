import Datasets
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Data with groups and masks go through the commands")
struct GroupCommandTests {
  private let folder = TemporaryFolder()

  @discardableResult
  private func run(_ arguments: String...) throws -> Command.Result {
    let result = try Command(arguments + ["--threads", "1", "--quiet"]).wait()
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result
  }

  /// Writes rows of two features that tell the class: a weak one, and a strong one that the mask marks
  /// and that lies for the group 1, of which the training rows have few.
  private func write() throws -> String {
    func arrays(_ split: String, _ count: Int, minority: Int, _ seed: UInt64) -> [(
      name: String, tensor: Tensor
    )] {
      let noise = RandomSource(Seed(seed)).normal([count, 2]).floats()
      let labels = (0..<count).map { $0 % 2 }
      let groups = (0..<count).map { $0 / 2 % minority == 0 ? 1 : 0 }
      let values = (0..<count).flatMap { row -> [Float] in
        let sign: Float = labels[row] == 1 ? 1 : -1
        return [
          sign + 0.6 * noise[2 * row],
          (groups[row] == 1 ? -2 : 2) * sign + 0.3 * noise[2 * row + 1],
        ].map { min(6, max(-6, $0)) }
      }
      return [
        ("\(split)_images", Tensor(values, shape: [count, 2])),
        ("\(split)_labels", Tensor(labels: labels)), ("\(split)_groups", Tensor(labels: groups)),
        (
          "\(split)_masks",
          Tensor([Float]((0..<count).flatMap { _ in [0, 1] as [Float] }), shape: [count, 2])
        ),
      ]
    }
    let file = folder.appending("rows.npz")
    try NPZWriter.write(
      arrays("train", 400, minority: 100, 1) + arrays("validation", 100, minority: 2, 2)
        + arrays("test", 200, minority: 2, 3), to: file)
    return "\(file.path):range=-6..6"
  }

  @Test("evaluate shows every group, the mean, the worst group and the noise, and JSON has them")
  func evaluate() throws {
    let (data, model) = (try write(), folder.appending("m.safetensors").path)
    try run(
      "train", "--data", data, "--architecture", "mlp", "--epochs", "5", "--batch-size", "20",
      "--validation", "data", "--keep", "best", "--by", "worst-group", "--out", model)
    let history = try String(contentsOf: folder.appending("m.history.jsonl"), encoding: .utf8)
    #expect(history.contains("\"validationWorstGroup\""))
    let unwatched = try Command.run(
      "train", "--data", data, "--architecture", "mlp", "--epochs", "1", "--by", "worst-group",
      "--out", folder.appending("unwatched.safetensors").path)
    #expect(unwatched.status == 64 && unwatched.errors.contains("held-out"), "\(unwatched.errors)")
    let text = try run("evaluate", "--model", model, "--data", data, "--noise", "1", "3").output
    for part in ["group", "mean", "worst", "lowest true accuracy", "noise inside", "RCS"] {
      #expect(text.contains(part), "\(part)")
    }
    let json = try run("evaluate", "--model", model, "--data", data, "--json", "--noise", "2")
    let line = try #require(
      (try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])?.first)
    let groups = try #require(line["byGroup"] as? [String: Any])
    let list = try #require(groups["groups"] as? [[String: Any]])
    #expect(list.compactMap { $0["examples"] as? Int } == [100, 100])
    #expect(list.compactMap { $0["correct"] as? Int }.reduce(0, +) == line["correct"] as? Int)
    let reliance = try #require(line["reliance"] as? [String: Any])
    #expect(reliance["images"] as? Int == 200 && reliance["maskedShare"] as? Double == 0.5)
    #expect((reliance["noises"] as? [Any])?.count == 1)

    let plain = try run("evaluate", "--model", model, "--data", data, "--json").output
    let half = try JSONSerialization.jsonObject(with: Data(plain.utf8)) as? [[String: Any]]
    let noises = (half?.first?["reliance"] as? [String: Any])?["noises"] as? [[String: Any]]
    #expect(noises?.first?["sigma"] as? Double == 6)
  }

  @Test("noise for data without masks is refused")
  func noMasks() throws {
    let model = folder.appending("m.safetensors").path
    try run(
      "train", "--data", "synthetic", "--count", "100", "--architecture", "mlp", "--epochs", "1",
      "--out", model)
    let refused = try Command.run(
      "evaluate", "--model", model, "--data", "synthetic", "--count", "20", "--noise", "1")
    #expect(refused.status == 64 && refused.errors.contains("has no masks"), "\(refused.errors)")
    let shown = try run(
      "evaluate", "--model", model, "--data", "synthetic", "--count", "20", "--json")
    #expect(!shown.output.contains("byGroup") && !shown.output.contains("reliance"))
  }

  @Test("a run writes groups.csv and reliance.csv, shows both, and a second run changes nothing")
  func experiment() throws {
    let text = """
      name: groups
      data: { name: ./rows.npz, range: -6..6 }
      models:
        plain: { architecture: mlp, epochs: 10, batchSize: 20 }
        right:
          architecture: mlp
          epochs: 10
          batchSize: 20
          defense: { rrr: { lambda: 10 } }
      attacks: { fgsm: { epsilons: [0, 0.5, 1] } }
      reliance: { noise: [1, 3], clipped: false }
      repeats: 2
      """
    _ = try write()
    let file = folder.appending("groups.yaml")
    try Data(text.utf8).write(to: file)
    let out = folder.appending("out")
    try run("run", file.path, "--out", out.path)
    func rows(_ name: String) throws -> [[String]] {
      try String(contentsOf: out.appending(path: name), encoding: .utf8).split(separator: "\n")
        .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }
    let groups = try rows("groups.csv")
    // Three budgets, two sources and two victims; two groups, the mean and the worst of each.
    #expect(groups.count == 1 + 3 * 2 * 2 * 4)
    func worst(_ model: String) -> Double {
      let row = groups.first {
        $0[1] == "0" && $0[2] == model && $0[3] == model && $0[5] == "worst"
      }
      return row.flatMap { Double($0[10]) } ?? -1
    }
    // The plain model trusts the strong feature, which lies in the second group.
    #expect(worst("plain") + 0.1 < worst("right"), "\(worst("plain")) \(worst("right"))")
    let reliance = try rows("reliance.csv")
    #expect(reliance.map { $0[0] } == ["model", "plain", "plain", "right", "right"])
    let share = try #require(reliance[0].firstIndex(of: "large_share"))
    #expect(try #require(Double(reliance[3][share])) < 0.05, "\(reliance)")
    #expect(try rows("group-repeats.csv").count == 1 + 3 * 2 * 2 * 4)
    let page = try String(contentsOf: out.appending(path: "report/index.html"), encoding: .utf8)
    for part in ["By group", "Reliance on masked features", "lowest true accuracy"] {
      #expect(page.contains(part), "\(part)")
    }
    let report = try String(contentsOf: out.appending(path: "report/report.md"), encoding: .utf8)
    #expect(report.contains("## By group") && report.contains("| Worst group |"))
    #expect(
      FileManager.default.fileExists(atPath: out.appending(path: "report/figures/groups.svg").path))

    // The logs say when a step was done.
    func results() throws -> [String: Data] {
      try contents(of: out).filter { !$0.key.hasSuffix("log.jsonl") }
    }
    let first = try results()
    try FileManager.default.removeItem(at: out.appending(path: "reliance/right.json"))
    try run("run", file.path, "--out", out.path)
    #expect(try results() == first)
    try run("run", out.appending(path: "experiment.yaml").path, "--out", out.path)
    // The resolved experiment names the data by their whole path, and gives the same numbers.
    let again = try results()
    for name in ["groups.csv", "group-repeats.csv", "reliance.csv"] {
      #expect(again[name] == first[name], "\(name)")
    }
  }

  @Test("tune chooses by the worst group of the validation images")
  func tune() throws {
    _ = try write()
    let text = """
      data: { name: ./rows.npz, range: -6..6 }
      models:
        right:
          architecture: mlp
          epochs: 10
          batchSize: 20
          validation: data
          defense: { rrr: { lambda: 10 } }
      attacks: { fgsm: { epsilons: [0] } }
      """
    let file = folder.appending("tune.yaml")
    try Data(text.utf8).write(to: file)
    let out = folder.appending("tuned")
    let shown = try run(
      "tune", file.path, "--model", "right", "--values", "0", "10", "--rule", "worst-group",
      "--out",
      out.path
    ).output
    #expect(shown.contains("chosen: lambda = 10") && shown.contains("worst"), "\(shown)")
    #expect(FileManager.default.fileExists(atPath: out.appending(path: "tuning.svg").path))
    let refused = try Command.run(
      "tune", file.path, "--model", "right", "--values", "1", "--out",
      folder.appending("refused").path)
    #expect(refused.status == 64 && refused.errors.contains("--reference"), "\(refused.errors)")
  }
}
