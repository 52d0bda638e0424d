import Foundation
import TestSupport
import Testing

@Suite("Outputs replace neither inputs nor the results of other requests unasked")
struct ReplaceTests {
  private let folder = TemporaryFolder()

  @discardableResult
  private func run(_ status: Int32, _ arguments: String...) throws -> String {
    let result = try Command(arguments + ["--threads", "1"]).wait()
    #expect(result.status == status, "\(arguments): \(result.errors)")
    return result.errors
  }

  /// Trains a model and returns its file.
  private func model(_ name: String, seed: String = "1") throws -> String {
    let file = folder.appending(name).path
    try run(
      0, "train", "--data", "synthetic", "--count", "100", "--architecture", "mlp", "--epochs",
      "1", "--seed", seed, "--out", file)
    return file
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  @Test("train reuses its own result, and overwrites another one only with --replace")
  func train() throws {
    let file = try model("m.safetensors")
    let before = try bytes(file)
    #expect(try bytes(model("m.safetensors")) == before)
    let other = [
      "train", "--data", "synthetic", "--count", "100", "--architecture", "mlp", "--epochs", "1",
      "--seed", "2", "--out", file, "--threads", "1",
    ]
    let refused = try Command(other).wait()
    #expect(refused.status == 74, "\(refused.errors)")
    #expect(refused.errors.contains("is not a result of this request"), "\(refused.errors)")
    #expect(refused.errors.contains("--replace"))
    #expect(try bytes(file) == before)
    #expect(try Command(other + ["--replace"]).wait().status == 0)
    #expect(try bytes(file) != before)
  }

  @Test("attack replaces other examples, and attack and export other files only with --replace")
  func attack() throws {
    let source = try model("m.safetensors")
    let out = folder.appending("e.safetensors").path
    @discardableResult
    func attack(_ status: Int32, _ epsilon: String, _ more: String...) throws -> String {
      let arguments = [
        "attack", "--model", source, "--data", "synthetic", "--count", "20", "--attack", "fgsm",
        "--epsilon", epsilon, "--out", out, "--threads", "1",
      ]
      let result = try Command(arguments + more).wait()
      #expect(result.status == status, "\(result.errors)")
      return result.errors
    }
    try attack(0, "0.1")
    let before = try bytes(out)
    try attack(0, "0.1")
    #expect(try bytes(out) == before)
    #expect(try attack(0, "0.2").contains("held the examples of another request"))
    #expect(try bytes(out) != before)
    let examples = try bytes(out)
    try Data("mine".utf8).write(to: URL(filePath: out))
    try attack(74, "0.2")
    #expect(try bytes(out) == Data("mine".utf8))
    try attack(0, "0.2", "--replace")
    #expect(try bytes(out) == examples)

    let table = folder.appending("notes.csv")
    try Data("mine".utf8).write(to: table)
    try run(74, "export", out, "--csv", table.path)
    #expect(try bytes(table.path) == Data("mine".utf8))
    try run(0, "export", out, "--csv", table.path, "--replace")
    let pictures = folder.appending("pictures").path
    try run(0, "export", out, "--out", pictures)
    try run(74, "export", out, "--out", pictures)
  }

  @Test("an output that is also an input is refused before any work, even with --replace")
  func inputs() throws {
    let source = try model("m.safetensors")
    let before = try bytes(source)
    let link = folder.appending("link.safetensors")
    try FileManager.default.createSymbolicLink(
      at: link, withDestinationURL: URL(filePath: source))
    for out in [source, link.path] {
      let errors = try run(
        64, "attack", "--model", source, "--data", "synthetic", "--attack", "fgsm", "--epsilon",
        "0.1", "--out", out, "--replace")
      #expect(errors.contains("would overwrite it"), "\(errors)")
    }
    try run(64, "export", source, "--npz", source, "--replace")
    #expect(try bytes(source) == before)
  }

  @Test("a run folder takes a new version of its experiment, and nothing else unasked")
  func runs() throws {
    let small = """
      name: first
      data: { name: synthetic, train: 100, test: 20 }
      models: { a: { architecture: mlp, epochs: 1 } }
      attacks: { fgsm: { epsilons: [0.1] } }
      """
    let file = folder.appending("small.yaml")
    let out = folder.appending("out").path
    func write(_ text: String) throws {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    try write(small)
    try run(0, "run", file.path, "--out", out)
    try write(small.replacing("[0.1]", with: "[0.1, 0.2]"))
    let note = try run(0, "run", file.path, "--out", out)
    #expect(note.contains("holds another version of first"), "\(note)")
    let grid = try bytes(out + "/grid.csv")
    try write(small.replacing("name: first", with: "name: second"))
    let refused = try run(74, "run", file.path, "--out", out)
    #expect(refused.contains("holds the results of another request"), "\(refused)")
    let transfer = [
      "transfer", "--model", out + "/models/a.safetensors", "--data", "synthetic", "--count", "10",
      "--attack", "fgsm", "--epsilon", "0.1", "--threads", "1", "--out",
    ]
    #expect(try Command(transfer + [out]).wait().status == 74)
    #expect(try bytes(out + "/grid.csv") == grid)
    try run(0, "run", file.path, "--out", out, "--replace")

    let other = folder.appending("transfer").path
    #expect(try Command(transfer + [other]).wait().status == 0)
    #expect(try Command(transfer + [other]).wait().status == 0)
    #expect(try Command(transfer + [other, "--seed", "2"]).wait().status == 74)
    // The folder of this test has files, but it is no run folder.
    let foreign = try run(74, "run", file.path, "--out", folder.url.path)
    #expect(foreign.contains("is not a run folder"), "\(foreign)")
  }

  @Test("a run does not overwrite the experiment file that it reads")
  func experiment() throws {
    let own = folder.appending("own")
    try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    let file = own.appending(path: "experiment.yaml")
    try smallExperiment.write(to: file, atomically: true, encoding: .utf8)
    let errors = try run(64, "run", file.path, "--out", own.path, "--replace")
    #expect(errors.contains("would overwrite it"), "\(errors)")
    #expect(try String(contentsOf: file, encoding: .utf8) == smallExperiment)
  }
}
