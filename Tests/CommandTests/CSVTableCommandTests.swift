import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("A CSV table of numbers goes through every command")
struct CSVTableCommandTests {
  private let folder = TemporaryFolder()

  /// Writes flowers of three kinds. `length` and `width` tell the kinds apart; `decoy` does too, but
  /// only in the training rows.
  private func write() throws {
    func table(_ count: Int, _ seed: UInt64, isDecoyed: Bool) -> String {
      // noise [N, 3]
      let noise = (RandomSource(Seed(seed)).normal([count, 3]) * 0.3).floats()
      let centres: [(Float, Float)] = [(2, 0), (-1, 2), (-1, -2)]
      let rows = (0..<count).map { row -> String in
        let (kind, other) = (row % 3, row / 3 % 3)
        let (length, width) = centres[kind]
        let decoy = Float(isDecoyed ? kind : other) * 3 - 3
        let values = [
          length + noise[3 * row], width + noise[3 * row + 1], decoy + noise[3 * row + 2],
        ]
        return values.map { "\($0)" }.joined(separator: ",")
          + ",\"kind, \(kind)\",\(isDecoyed || kind == other ? "as trained" : "other")"
      }
      return (["length,width,decoy,kind,place"] + rows).joined(separator: "\n") + "\n"
    }
    try createFolder(folder.appending("flowers"))
    try Data(table(300, 1, isDecoyed: true).utf8).write(
      to: folder.appending("flowers/train.csv"))
    try Data(table(90, 2, isDecoyed: false).utf8).write(to: folder.appending("flowers/test.csv"))
  }

  private struct Line: Decodable { let accuracy: Double }

  @Test(
    "a table is trained on, evaluated and attacked, and an attack uses its budget in data units")
  func commands() throws {
    try write()
    let data = folder.appending("flowers").path + ":label=kind,group=place,mask=decoy,range=-8..8"
    let model = folder.appending("m.safetensors").path
    try Command.output(
      "train", "--data", data, "--architecture", "mlp 50 30", "--initialization", "normal 0.1",
      "--epochs", "30", "--batch-size", "32", "--out", model, "--quiet")
    let found = try ModelFile(URL(filePath: model)).network
    #expect(found.description.layers.texts.contains("linear 50"))
    let evaluated = try Command.output("evaluate", "--model", model, "--data", data, "--json")
    let accuracy = try JSONDecoder().decode([Line].self, from: Data(evaluated.utf8))[0].accuracy
    #expect(accuracy > 0.3, "\(evaluated)")
    let examples = folder.appending("e.safetensors")
    try Command.output(
      "attack", "--model", model, "--data", data, "--attack", "pgd", "--epsilon", "0.5", "2",
      "--out", examples.path, "--quiet")
    let set = try ExampleSet(examples)
    #expect(set.original.shape == [90, 3] && set.origin.valueRange == -8...8)
    for (epsilon, adversarial) in zip(set.origin.epsilons, set.adversarial) {
      let largest = (adversarial - set.original).absolute.max().scalar
      #expect(abs(largest - epsilon) < 1e-5, "\(epsilon): \(largest)")
    }
    let checked = try Command(["data", "check", data]).wait().output
    #expect(checked.contains("kind, 2") && checked.contains("other"))
  }

  @Test("an experiment on a table that masks a column learns what the column does not say")
  func experiment() throws {
    try write()
    let text = """
      name: flowers
      data: { name: ./flowers, label: kind, group: place, mask: [decoy] }
      models:
        plain: { architecture: mlp 20, epochs: 60, batchSize: 32, learningRate: 0.01 }
        reasons: { architecture: mlp 20, epochs: 60, batchSize: 32, learningRate: 0.01,
          defense: { rrr: { lambda: 0.1 } } }
      attacks:
        fgsm: { epsilons: [0, 0.5] }
      """
    try Data(text.utf8).write(to: folder.appending("flowers.yaml"))
    let out = folder.appending("out")
    try Command.output("run", folder.appending("flowers.yaml").path, "--out", out.path)
    let grid = try String(contentsOf: out.appending(path: "grid.csv"), encoding: .utf8)
    #expect(grid.contains("fgsm,0.5,plain,reasons,"))
    /// The accuracy of a model on the unchanged test rows.
    func accuracy(_ model: String) throws -> Double {
      let start = "fgsm,0,\(model),\(model),"
      let line = try #require(grid.split(separator: "\n").first { $0.hasPrefix(start) })
      return try #require(Double(line.split(separator: ",", omittingEmptySubsequences: false)[7]))
    }
    // The decoy says the kind in the training rows, and misleads in most test rows.
    #expect(try accuracy("reasons") > 0.9)
    #expect(try accuracy("plain") < accuracy("reasons") - 0.1)
    // The resolved experiment names the same data.
    try Command.output("run", out.appending(path: "experiment.yaml").path, "--out", out.path)
    let again = try String(contentsOf: out.appending(path: "grid.csv"), encoding: .utf8)
    #expect(again == grid)
  }
}
