import Datasets
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Tables, and data with a value range of their own, go through every command")
struct TableTests {
  private let folder = TemporaryFolder()

  /// What the tests use of the JSON output of crossfire attack.
  private struct Attacked: Decodable {
    struct Cell: Decodable {
      let epsilon: Double
      let examples: Int
      let correct: Int
    }
    let cells: [Cell]
  }

  private func attack(_ arguments: String...) throws -> [Attacked.Cell] {
    let result = try Command(["attack", "--json", "--quiet", "--threads", "1"] + arguments).wait()
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return try JSONDecoder().decode(Attacked.self, from: Data(result.output.utf8)).cells
  }

  /// Writes both splits of a data set as an .npz file.
  /// - Parameter examples: the values and labels of a number of examples.
  private func write(
    _ file: String, training: Int, test: Int,
    _ examples: (Int, Seed) -> (values: Tensor, labels: Tensor)
  ) throws {
    let train = examples(training, Seed(1))
    let held = examples(test, Seed(2))
    try NPZWriter.write(
      [
        ("train_images", train.values), ("train_labels", train.labels),
        ("test_images", held.values), ("test_labels", held.labels),
      ], to: folder.appending(file))
  }

  private func labels(_ count: Int, classes: Int) -> Tensor {
    Tensor(labels: (0..<count).map { $0 % classes })
  }

  // MARK: Tables

  /// Writes a table of three classes. The features of each class are normal numbers with the
  /// standard deviation 0.7 around its centre, so most values lie between −3 and 3.
  private func writeTable() throws {
    try write("rows.npz", training: 600, test: 150) { count, seed in
      // centres [3, 4], values [N, 4]
      let centres = Tensor([2, 0, 0, 0, -1, 2, 0, 0, -1, -2, 0, 0] as [Float], shape: [3, 4])
      let labels = labels(count, classes: 3)
      let noise = RandomSource(seed).normal([count, 4]) * 0.7
      return ((centres.indexSelect(0, labels) + noise).clamped(to: -6...6), labels)
    }
  }

  private var table: String { folder.appending("rows.npz").path + ":range=-6..6" }

  @Test("a table is learned, evaluated and attacked, with budgets in the unit of its features")
  func commands() throws {
    try writeTable()
    let model = folder.appending("m.safetensors").path
    try Command.output(
      "train", "--data", table, "--architecture", "mlp", "--epochs", "4", "--batch-size", "32",
      "--out", model, "--quiet")
    struct Line: Decodable { let accuracy: Double }
    let evaluated = try Command.output("evaluate", "--model", model, "--data", table, "--json")
    let lines = try JSONDecoder().decode([Line].self, from: Data(evaluated.utf8))
    #expect(lines.count == 1 && lines[0].accuracy > 0.9, "\(evaluated)")

    let file = folder.appending("e.safetensors")
    let cells = try attack(
      "--model", model, "--data", table, "--attack", "pgd", "--epsilon", "0.5", "1", "--out",
      file.path)
    #expect(cells.map(\.epsilon) == [0.5, 1] && cells.map(\.examples) == [150, 150])
    #expect(cells[1].correct < cells[0].correct, "\(cells)")
    #expect(Double(cells[0].correct) < lines[0].accuracy * 150, "\(cells)")

    let set = try ExampleSet(file)
    #expect(set.original.shape == [150, 4] && set.origin.valueRange == -6...6)
    for (epsilon, adversarial) in zip(set.origin.epsilons, set.adversarial) {
      // Some example uses the whole budget, and none uses more but for rounding.
      let largest = (adversarial - set.original).absolute.max().scalar
      #expect(abs(largest - epsilon) < 1e-5, "\(epsilon): \(largest)")
    }
  }

  @Test("examples of a table can be exported as arrays, and not as pictures")
  func export() throws {
    try writeTable()
    let model = folder.appending("m.safetensors").path
    let examples = folder.appending("e.safetensors").path
    try Command.output(
      "train", "--data", table, "--architecture", "mlp", "--epochs", "1", "--out", model, "--quiet")
    _ = try attack(
      "--model", model, "--data", table, "--attack", "fgsm", "--epsilon", "0.5", "--out", examples)
    let pictures = folder.appending("pictures")
    let refused = try Command.run("export", examples, "--out", pictures.path)
    #expect(refused.status == 65)
    #expect(
      refused.errors == "crossfire: the examples of fgsm on m are rows of 4 features, and only "
        + "images can be drawn as pictures\n")
    #expect(!FileManager.default.fileExists(atPath: pictures.path))
    let arrays = folder.appending("e.npz")
    try Command.output("export", examples, "--npz", arrays.path)
    #expect(FileManager.default.fileExists(atPath: arrays.path))
  }

  @Test("an experiment on a table writes its grid, and the report states the unit once")
  func experiment() throws {
    try writeTable()
    let text = """
      name: rows
      data: { name: ./rows.npz, range: -6..6 }
      models:
        a: { architecture: mlp, epochs: 2, batchSize: 32 }
        b: { architecture: mlp, epochs: 2, batchSize: 32, defense: label-smoothing }
      attacks:
        pgd: { steps: 5, epsilons: [0, 0.5, 1] }
        sign-noise: { epsilons: [1] }
      """
    try Data(text.utf8).write(to: folder.appending("rows.yaml"))
    let out = folder.appending("out")
    try Command.output("run", folder.appending("rows.yaml").path, "--out", out.path)
    func content(_ path: String) throws -> String {
      try String(contentsOf: out.appending(path: path), encoding: .utf8)
    }
    let grid = try content("grid.csv")
    #expect(grid.split(separator: "\n").count == 1 + 2 * 2 * (3 + 1))
    #expect(grid.contains("pgd,0.5,a,b,black-box,150,") && grid.contains("sign-noise,1,b,b,"))
    let sentence = "Budgets are in the data's own unit; valid values range from -6 to 6."
    for report in ["report/report.md", "report/index.html"] {
      #expect(try content(report).components(separatedBy: "own unit").count == 2, "\(report)")
    }
    #expect(try content("report/report.md").contains(sentence))
    // The resolved experiment names the same data.
    try Command.output("run", out.appending(path: "experiment.yaml").path, "--out", out.path)
    #expect(try content("grid.csv") == grid)
  }

  // MARK: Pictures

  /// Writes pictures whose brightest quarter is their class, with values from 0 to `top`.
  private func writePictures(_ file: String, top: Double) throws {
    try write(file, training: 400, test: 100) { count, seed in
      // values [N, 1, 12, 12]: each quarter has its own brightness, to which noise is added
      let labels = labels(count, classes: 4)
      let quarters = labels.oneHot(classes: 4).to(.float32).reshaped([count, 1, 2, 1, 2, 1]) * 80
      let bright = quarters.expanded([count, 1, 2, 6, 2, 6]).reshaped([count, 1, 12, 12])
      let noise = RandomSource(seed).uniform([count, 1, 12, 12], in: 0..<120)
      return ((bright + noise) / 255 * top, labels)
    }
  }

  @Test("bytes with budgets from 0 to 255 give the same results as fractions with budgets/255")
  func bytes() throws {
    try writePictures("fractions.npz", top: 1)
    try writePictures("bytes.npz", top: 255)
    let fractions = folder.appending("fractions.npz").path
    let bytes = folder.appending("bytes.npz").path + ":range=0..255"
    let trained = folder.appending("m.safetensors")
    try Command.output(
      "train", "--data", fractions, "--architecture", "small", "--epochs", "2", "--batch-size",
      "32", "--out", trained.path, "--quiet")
    // Only the weights: a model file also states the range of the values that it takes.
    let weights = folder.appending("weights.safetensors")
    let state = try ModelFile(trained).network.state()
    try SafetensorsFile.write(state, metadata: [:], to: weights)
    let model = "m=\(weights.path):architecture=small,range=0/1"

    for name in ["fgsm", "pgd:steps=5,start=random"] {
      func attack(_ data: String, _ file: String, _ budgets: [Double]) throws -> (
        cells: [Attacked.Cell], examples: ExampleSet
      ) {
        let out = folder.appending(file)
        let cells = try self.attack(
          "--model", model, "--data", data, "--attack", name, "--epsilon",
          budgets.map { "\($0)" }.joined(separator: ","), "--out", out.path)
        return (cells, try ExampleSet(out))
      }
      let inBytes = try attack(
        bytes, "bytes-\(name.prefix(3)).safetensors", [0, 8, 16, 32])
      let inFractions = try attack(
        fractions, "fractions-\(name.prefix(3)).safetensors", [0, 8, 16, 32].map { $0 / 255 })
      #expect(inBytes.cells.map(\.correct) == inFractions.cells.map(\.correct), "\(name)")
      #expect(inBytes.cells[0].correct > 80, "\(name): \(inBytes.cells)")
      #expect(inBytes.cells[3].correct < inBytes.cells[1].correct, "\(name): \(inBytes.cells)")
      for (a, b) in zip(inBytes.examples.adversarial, inFractions.examples.adversarial) {
        // Rounding may turn the sign of a gradient that is almost 0, at a few of 14,400 pixels.
        #expect(agreement(a / 255, b) > 0.999, "\(name)")
      }
    }
  }
}
