import Explanations
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("crossfire explain")
struct ExplainTests {
  private let folder = TemporaryFolder()

  /// What the tests use of the JSON output.
  private struct Explained: Decodable {
    let examples: Int
    let trusted: Int
    let measures: [TrustMeasure]
    let notices: [String]
  }

  private func explain(_ model: String, _ arguments: String..., out: String = "out") throws
    -> Explained
  {
    let result = try Command(
      ["explain", "--model", model, "--out", folder.appending(out).path, "--json", "--quiet"]
        + ["--threads", "1"] + arguments
    ).wait()
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return try JSONDecoder().decode(Explained.self, from: Data(result.output.utf8))
  }

  private func trained(_ data: String, _ architecture: String, epochs: Int = 2) throws -> String {
    let model = folder.appending("model.safetensors").path
    try Command.output(
      "train", "--data", data, "--architecture", architecture, "--epochs", "\(epochs)", "--out",
      model, "--quiet")
    return model
  }

  private func lines(_ file: String) throws -> [[String]] {
    try String(contentsOf: folder.appending("out/\(file)"), encoding: .utf8)
      .split(separator: "\n").map { $0.components(separatedBy: ",") }
  }

  @Test("pictures get a page each, a sheet, tables, arrays and measures of trust")
  func pictures() throws {
    let model = try trained("synthetic", "small")
    let methods = ["gradient", "gradient:scalar=loss", "occlusion:size=7", "lime:samples=60"]
    let found = try explain(
      model, "--data", "synthetic", "--count", "5", "--batch-size", "2", "--trust", "3",
      "--method", methods[0], methods[1], "--method", methods[2], methods[3])
    #expect(found.examples == 5 && found.trusted == 3)
    let names = ["gradient", "gradient-scalar-loss", "occlusion", "lime"]
    for name in names {
      for example in 0..<5 {
        let file = folder.appending("out/pictures/\(example)-\(name).png")
        let page = try PNG.decode(Data(contentsOf: file), named: name)
        #expect(page.shape.channels == 3 && page.shape.width > 3 * 224)
      }
      for measure in [TrustName.stability, .deletionArea, .allLayersReset, .seconds] {
        #expect(
          found.measures.contains { $0.method == name && $0.measure == measure.rawValue },
          "\(name) \(measure.rawValue)")
      }
    }
    #expect(
      FileManager.default.fileExists(atPath: folder.appending("out/sheet.png").path))
    let scores = try lines("explanations.csv")
    #expect(scores.count == 1 + 5 * 4)
    let features = try lines("top-features.csv")
    #expect(features.count == 1 + 5 * 4 * 10)
    #expect(features[1][6].wholeMatch(of: /x \d+ y \d+/) != nil)
    // The largest contribution of the table is that of the array.
    let zip = try ZipArchive(
      Data(contentsOf: folder.appending("out/explanations.npz")), what: "explanations")
    let array = try NPY.tensor(zip.content("gradient.npy"), named: "gradient")
    #expect(array.shape == [5, 1, 28, 28])
    let largest = Double(features[1][8]) ?? 0
    #expect(abs(abs(largest) - array.select(0, 0).absolute.max().scalar) < 1e-5 * abs(largest))
    let trust = try lines("trust.csv")
    #expect(trust[0] == ["method", "measure", "with", "mean", "standard_deviation", "examples"])
    #expect(try lines("curves.csv").count == 1 + 5 * 21)
  }

  @Test("columns of a table are named, drawn as bars, and measured against their masks")
  func names() throws {
    let rows = RandomSource(Seed(1)).uniform([300, 3]).floats()
    let lines = (0..<300).map { row in
      let own = rows[3 * row..<3 * row + 3].map { String(format: "%.4f", $0) }
      return (own + [rows[3 * row] > 0.5 ? "long" : "short"]).joined(separator: ",")
    }
    let header = "petal,stem,leaf,kind\n"
    let text = header + lines.joined(separator: "\n") + "\n"
    try text.write(to: folder.appending("plants.csv"), atomically: true, encoding: .utf8)
    let data = folder.appending("plants.csv").path + ":label=kind,mask=stem,heldout=0.2"
    let model = try trained(data, "mlp", epochs: 20)
    let found = try explain(
      model, "--data", data, "--count", "4", "--method", "integrated-gradients", "lime", "--top",
      "2")
    let features = try self.lines("top-features.csv")
    #expect(features.count == 1 + 4 * 2 * 2)
    let names = ["petal", "stem", "leaf"]
    for line in features.dropFirst() {
      let place = try #require(Int(line[5]))
      #expect(names[place] == line[6])
    }
    // The class depends on the first column alone.
    func total(_ column: String) -> Double {
      features.dropFirst().filter { $0[6] == column }.reduce(0) { $0 + abs(Double($1[8]) ?? 0) }
    }
    #expect(total("petal") > total("stem") + total("leaf"))
    let share = try #require(
      found.measures.first {
        $0.measure == TrustName.shareInMask.rawValue && $0.method == "integrated-gradients"
      })
    #expect(share.mean < 1 / 3 && share.examples == 4)
    let page = try PNG.decode(
      Data(contentsOf: folder.appending("out/pictures/0-lime.png")), named: "lime")
    #expect(page.shape.width > 300)
  }

  @Test("results depend neither on the batch size nor on --trust and --pictures")
  func batchSize() throws {
    let model = try trained("synthetic", "small")
    let common = [
      "--data", "synthetic", "--count", "6", "--method", "smoothgrad:samples=4", "lime:samples=50",
    ]
    let runs = [("a", ["--batch-size", "1"]), ("b", ["--trust", "0", "--pictures", "0"])]
    let arrays = try runs.map { name, more in
      let result = try Command(
        ["explain", "--model", model, "--out", folder.appending(name).path, "--quiet"] + common
          + more + ["--threads", "1"]
      ).wait()
      #expect(result.status == 0, "\(result.errors)")
      let zip = try ZipArchive(
        Data(contentsOf: folder.appending("\(name)/explanations.npz")), what: "explanations")
      return try ["smoothgrad", "lime"].map {
        try NPY.tensor(zip.content("\($0).npy"), named: $0)
      }
    }
    for method in 0..<2 { #expect(relativeError(arrays[0][method], arrays[1][method]) < 1e-4) }
    let files = try FileManager.default.contentsOfDirectory(
      atPath: folder.appending("b").path
    ).sorted()
    #expect(files == ["explanations.csv", "explanations.npz", "top-features.csv"])
  }

  @Test("a class that is asked for by name or number is explained in place of the predicted one")
  func chosenClass() throws {
    let model = try trained("synthetic", "small", epochs: 1)
    func contributions(_ more: String...) throws -> (Tensor, [[String]]) {
      let result = try Command(
        [
          "explain", "--model", model, "--data", "synthetic", "--count", "4", "--method",
          "gradient",
        ]
          + ["--out", folder.appending("out").path, "--quiet", "--replace", "--trust", "2"] + more
      ).wait()
      #expect(result.status == 0, "\(result.errors)")
      let zip = try ZipArchive(
        Data(contentsOf: folder.appending("out/explanations.npz")), what: "explanations")
      return (
        try NPY.tensor(zip.content("gradient.npy"), named: "gradient"),
        try lines("explanations.csv")
      )
    }
    let (usual, own) = try contributions()
    let predicted = own.dropFirst().map { $0[2] }
    #expect(own[0][5] == "explained" && own.dropFirst().map { $0[5] } == predicted)
    let (chosen, table) = try contributions("--class", "7")
    #expect(table.dropFirst().allSatisfy { $0[5] == "7" })
    #expect(table.dropFirst().map { $0[2] } == predicted)
    for row in 0..<4 {
      let same = relativeError(chosen.select(0, row), usual.select(0, row)) < 1e-5
      #expect(same == (predicted[row] == "7"))
    }
    for (arguments, part) in [
      (["--class", "ten"], "by its number from 0 to 9, found 'ten'"),
      (["--class", "7", "--method", "gradient:scalar=loss"], "scalar=loss"),
    ] {
      let refused = try Command(
        ["explain", "--model", model, "--data", "synthetic", "--count", "2", "--method", "lime"]
          + ["--out", folder.appending("refused").path, "--quiet"] + arguments
      ).wait()
      #expect(refused.status == 64 && refused.errors.contains(part), "\(refused.errors)")
    }
  }

  @Test("the randomisation check of a program is skipped with a notice")
  func program() throws {
    let found = try explain(
      Fixture.file("digits.plain.pt").path, "--data", "synthetic", "--count", "3", "--method",
      "gradient")
    #expect(found.notices.contains { $0.contains("randomisation check was skipped") })
    #expect(!found.measures.contains { $0.measure == TrustName.lastLayerReset.rawValue })
  }

  @Test("a model without gradients is explained without them, and refused otherwise")
  func detached() throws {
    let model = Fixture.file("digits.detached.pt").path
    let refused = try Command.run(
      "explain", "--model", model, "--data", "synthetic", "--count", "3", "--method", "gradient",
      "--out", folder.appending("out").path)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("occlusion or lime"), "\(refused.errors)")
    _ = try explain(
      model, "--data", "synthetic", "--count", "3", "--method", "occlusion:size=7")
  }

  @Test("logits that are not numbers neither end the command nor appear as measures")
  func notNumbers() throws {
    let found = try explain(
      Fixture.file("digits.nan.pt").path, "--data", "synthetic", "--count", "3", "--method",
      "gradient")
    #expect(found.measures.allSatisfy { $0.mean.isFinite })
  }

  @Test("wrong methods and settings, and a folder with other results, are refused")
  func refusals() throws {
    let model = try trained("synthetic", "small", epochs: 1)
    func refusal(_ method: String, _ more: String...) throws -> Command.Result {
      try Command(
        ["explain", "--model", model, "--data", "synthetic", "--count", "2", "--method", method]
          + ["--out", folder.appending("out").path, "--quiet"] + more
      ).wait()
    }
    let unknown = try refusal("gradeint")
    #expect(unknown.status == 64 && unknown.errors.contains("gradient"), "\(unknown.errors)")
    let setting = try refusal("smoothgrad:sigma=-1")
    #expect(setting.status == 64 && setting.errors.contains("sigma"), "\(setting.errors)")
    let sampling = try refusal("lime:sampling=words")
    #expect(sampling.status == 64 && sampling.errors.contains("pictures"), "\(sampling.errors)")
    #expect(try refusal("gradient").status == 0)
    let again = try refusal("gradient")
    #expect(again.status == 74 && again.errors.contains("--replace"), "\(again.errors)")
    #expect(try refusal("gradient", "--replace").status == 0)
  }
}
