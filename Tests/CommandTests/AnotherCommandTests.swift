import Datasets
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Looking for other explanations with crossfire run")
struct AnotherCommandTests {
  private let folder = TemporaryFolder()

  /// Writes rows of four features, of which the first tells the class loudly, the second tells it
  /// quietly, and the others are noise. The mask marks the first. Writes an experiment on them.
  private func write(
    _ another: String, epochs: Int = 30, data: String = "{ name: ./rows.npz, range: -6..6 }"
  ) throws -> String {
    func arrays(_ split: String, _ count: Int, _ seed: UInt64) -> [(name: String, tensor: Tensor)] {
      let noise = RandomSource(Seed(seed)).normal([count, 4]).floats()
      let labels = (0..<count).map { $0 % 2 }
      let values = (0..<count).flatMap { row -> [Float] in
        let sign: Float = labels[row] == 1 ? 1 : -1
        let own = noise[4 * row..<4 * row + 4].map { min(3, max(-3, $0)) }
        return [
          sign * 3 + 0.3 * own[0], sign * 0.8 + 0.2 * own[1], 0.5 * own[2], 0.5 * own[3],
        ]
      }
      return [
        ("\(split)_images", Tensor(values, shape: [count, 4])),
        ("\(split)_labels", Tensor(labels: labels)),
        ("\(split)_masks", Tensor([1, 0, 0, 0] as [Float], shape: [1, 4]).expanded([count, 4])),
      ]
    }
    try NPZWriter.write(
      (arrays("train", 400, 1) + arrays("test", 200, 2)).map { ($0.name, $0.tensor.contiguous) },
      to: folder.appending("rows.npz"))
    let text = """
      name: others
      data: \(data)
      models:
        normal:
          architecture: mlp 16
          initialization: normal 0.1
          epochs: \(epochs)
          batchSize: 20
          optimizer: sgd
          learningRate: 0.05
      another: \(another)
      attacks: { fgsm: { epsilons: [0, 1] } }
      """
    let file = folder.appending("others.yaml")
    try Data(text.utf8).write(to: file)
    return file.path
  }

  private static let pictures = "{ name: synthetic, train: 200, test: 100 }"

  private func rows(_ file: URL) throws -> [[String]] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }

  @Test(
    "the search stops when no feature is left, and says so in its files, the report and the plan")
  func stops() throws {
    let file = try write("{ of: normal, count: 5, lambda: 5 }")
    let out = folder.appending("out")
    let shown = try Command.run("run", file, "--out", out.path, "--threads", "1")
    #expect(shown.status == 0, "\(shown.errors)")
    #expect(shown.errors.contains("The search stopped after normal-3"), "\(shown.errors)")
    let table = try rows(out.appending(path: "another.csv"))
    #expect(table.map { $0[0] } == ["model", "normal", "normal-2", "normal-3"])
    func value(_ row: Int, _ column: String) throws -> Double? {
      Double(table[row][try #require(table[0].firstIndex(of: column))])
    }
    // The first model relies on the first feature, the second one on the second.
    #expect(try value(1, "in_mask") == 1 && value(2, "in_mask") == 0)
    #expect(try #require(try value(2, "test_accuracy")) > 0.95)
    #expect(try #require(try value(2, "in_normal")) == 0)
    // The third one finds no other feature, and falls back to the first.
    #expect(try value(3, "in_union") == 1)
    #expect(table[3].suffix(2) == ["false", "explanations"] && table[2].suffix(2) == ["true", ""])
    let grid = try Grid.read(out.appending(path: "grid.json"))
    #expect(grid.models == ["normal", "normal-2", "normal-3"])
    #expect(grid.another?.ensemble == ["normal", "normal-2"])
    let files = try contents(of: out)
    for path in [
      "models/normal-4.safetensors", "probes/normal-4.json", "predictions/fgsm.normal-4",
    ] { #expect(!files.keys.contains { $0.hasPrefix(path) }, "\(path)") }
    #expect(files["another/normal-5.json"] != nil && files["disagreements.csv"] != nil)
    let page = String(decoding: files["report/index.html"] ?? Data(), as: UTF8.self)
    for part in ["Other explanations", "The search stopped after normal-3", "2 models"] {
      #expect(page.contains(part), "\(part)")
    }

    let plan = try Command.output("run", file, "--out", out.path, "--dry-run")
    let lines = plan.split(separator: "\n")
    for step in ["model normal-4", "attack fgsm from normal-5", "probe normal-4"] {
      #expect(
        lines.contains { $0.hasPrefix(step) && $0.contains("nothing: the search") }, "\(plan)")
    }
    try Command.output("run", file, "--out", out.path)
    #expect(try contents(of: out) == files)
  }

  @Test("a dry run lists the steps with what they need, and single steps can be run one by one")
  func steps() throws {
    let file = try write(
      "{ of: normal, count: 3, lambda: 5, leastAccuracy: 0, leastNew: 0 }", epochs: 2)
    let (whole, single) = (folder.appending("whole"), folder.appending("single"))
    let plan = try Command.output("run", file, "--out", single.path, "--dry-run")
    #expect(
      plan.split(separator: "\n").contains {
        $0.hasPrefix("model normal-3") && $0.contains("needs normal, normal-2")
      }, "\(plan)")
    let early = try Command.run(
      "run", file, "--out", single.path, "--threads", "1", "--steps", "model normal-3")
    #expect(
      early.status == 1 && early.errors.contains("the step 'model normal' has not been done"),
      "\(early)")
    for step in [
      "model normal", "model normal-2", "model normal-3", "attack *", "probe *", "report",
    ] { try Command.output("run", file, "--out", single.path, "--steps", step) }
    try Command.output("run", file, "--out", whole.path)
    #expect(try contents(of: whole) == contents(of: single))
  }

  @Test(
    "a search that is killed and continued gives the same bytes",
    arguments: [
      ("{ of: normal, count: 3, lambda: 5 }", "normal-2"),
      ("{ of: normal, count: 2, method: simultaneous, lambda: 10 }", "normal-1"),
      (
        "{ of: normal, count: 2, method: simultaneous, lambda: 10, in: codes }\n"
          + "autoencoder: { codes: 3, hidden: 16, epochs: 3 }", "normal-1"
      ),
      (
        "{ of: normal, count: 2, method: simultaneous, lambda: 10, in: codes }\n"
          + "autoencoder: { codes: 3, hidden: 16, epochs: 1500 }", "autoencoder"
      ),
    ])
  func killed(_ another: String, _ model: String) throws {
    let data = another.contains("codes") ? Self.pictures : "{ name: ./rows.npz, range: -6..6 }"
    let file = try write(another, epochs: 40, data: data)
    let (whole, killed) = (folder.appending("whole"), folder.appending("killed"))
    try Command.output("run", file, "--out", whole.path)
    let command = try Command(["run", file, "--out", killed.path, "--threads", "1", "--quiet"])
    let place = model == "autoencoder" ? "another" : "models"
    let checkpoint = killed.appending(path: "\(place)/\(model).checkpoint.safetensors").path
    while command.process.isRunning, !FileManager.default.fileExists(atPath: checkpoint) {
      usleep(1000)
    }
    command.kill(SIGKILL)
    command.process.waitUntilExit()
    let isUnfinished = FileManager.default.fileExists(atPath: checkpoint)
    #expect(isUnfinished, "the training was over before it was killed")
    try Command.output("run", file, "--out", killed.path)
    #expect(try contents(of: killed) == contents(of: whole))
  }

  @Test("models that are trained together are compared with each other")
  func together() throws {
    let file = try write("{ of: normal, count: 2, method: simultaneous, lambda: 10 }")
    let out = folder.appending("out")
    try Command.output("run", file, "--out", out.path)
    let table = try rows(out.appending(path: "another.csv"))
    #expect(table.map { $0[0] } == ["model", "normal-1", "normal-2"])
    #expect(try Grid.read(out.appending(path: "grid.json")).models.count == 3)
    let history = try String(
      contentsOf: out.appending(path: "models/normal-2.history.jsonl"), encoding: .utf8)
    #expect(history.contains("\"similarity\""))
    let first = try contents(of: out)
    try FileManager.default.removeItem(at: out.appending(path: "models/normal-2.safetensors"))
    try Command.output("run", file, "--out", out.path)
    #expect(try contents(of: out) == first)
  }

  @Test("models that take codes are classifiers of pictures, and the report shows what codes mean")
  func codes() throws {
    let file = try write(
      "{ of: normal, count: 2, method: simultaneous, lambda: 10, in: codes }\n"
        + "autoencoder: { codes: 3, hidden: 16, epochs: 2 }", data: Self.pictures)
    let out = folder.appending("out")
    let run = try Command.run("run", file, "--out", out.path, "--threads", "1")
    #expect(run.status == 0 && run.errors.contains("trained the autoencoder: 3 codes"), "\(run)")
    let grid = try Grid.read(out.appending(path: "grid.json"))
    #expect(grid.models == ["normal", "normal-1", "normal-2"])
    #expect(
      grid.another?.models.allSatisfy { $0.features.allSatisfy { $0.name.hasPrefix("code ") } }
        == true)
    let page = try String(
      contentsOf: out.appending(path: "report/index.html"), encoding: .utf8)
    #expect(
      page.contains("What the codes mean") && page.contains("on the codes that an autoencoder"))
    let first = try contents(of: out)
    try FileManager.default.removeItem(at: out.appending(path: "models/normal-2.safetensors"))
    try FileManager.default.removeItem(at: out.appending(path: "another/codes.safetensors"))
    try Command.output("run", file, "--out", out.path)
    #expect(try contents(of: out) == first)

    // With another autoencoder, both models are trained again.
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try Data(text.replacing("codes: 3, hidden", with: "beta: 1, codes: 3, hidden").utf8)
      .write(to: URL(filePath: file))
    try Command.output("run", file, "--out", out.path)
    let second = try contents(of: out)
    for name in ["another/autoencoder", "models/normal-1", "models/normal-2"] {
      #expect(second["\(name).safetensors"] != first["\(name).safetensors"], "\(name)")
    }
    #expect(second["models/normal.safetensors"] == first["models/normal.safetensors"])
  }

  @Test("models that cannot take codes are refused before the autoencoder is trained")
  func refusedCodes() throws {
    let file = try write(
      "{ of: normal, count: 2, method: simultaneous, in: codes }\nautoencoder: { codes: 3 }",
      data: Self.pictures)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try Data(text.replacing("mlp 16", with: "cnn").replacing("epochs: 30", with: "epochs: 1").utf8)
      .write(to: URL(filePath: file))
    let out = folder.appending("out")
    let run = try Command.run("run", file, "--out", out.path, "--threads", "1")
    #expect(run.status == 65 && run.errors.contains("the architecture cnn of 'normal'"), "\(run)")
    #expect(!run.errors.contains("train the autoencoder"), "\(run)")
  }

  @Test("repetitions write the means of the measurements")
  func repeats() throws {
    let file = try write(
      "{ of: normal, count: 2, lambda: 5, leastAccuracy: 0, leastNew: 0 }\nrepeats: 2")
    let out = folder.appending("out")
    try Command.output("run", file, "--out", out.path)
    let table = try rows(out.appending(path: "another-repeats.csv"))
    #expect(table[0] == ["model", "measure", "repetitions", "mean", "sd", "min", "max"])
    #expect(table.dropFirst().allSatisfy { $0[2] == "2" })
    #expect(table.contains { $0[0] == "normal-2" && $0[1] == "in_mask" })
    #expect(
      try String(contentsOf: out.appending(path: "report/index.html"), encoding: .utf8).contains(
        "Over 2 repetitions"))
  }
}
