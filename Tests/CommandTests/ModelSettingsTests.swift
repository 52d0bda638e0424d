import ForeignModels
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("What is said about a model after its path")
struct ModelSettingsTests {
  private let folder = TemporaryFolder()

  @Test("every setting of ModelNotes ends the path, and an unknown one is part of it")
  func names() throws {
    let path = folder.appending("missing.pt").path
    for name in ModelNotes.names + ModelNotes.normalizationNames {
      // No setting has an empty value, so the command fails while it reads the setting.
      let result = try Command.run(
        "evaluate", "--model", "m=\(path):\(name)=", "--data", "synthetic")
      #expect(result.status == 64, "\(name): \(result.errors)")
    }
    let unknown = try Command.run("evaluate", "--model", "m=\(path):size=?", "--data", "synthetic")
    #expect(unknown.status == 66 && unknown.errors.contains("missing.pt:size=?"), "\(unknown)")
  }

  @Test(
    "a path that exists is a path, whatever characters it has, and a name is made of it",
    arguments: [
      ("epoch=9-step=1000.ckpt", "", "epoch-9-step-1000"), ("lr=0.1/last.pt", "", "last"),
      ("net (1).pt", ":range=0/1", "net-1"), ("größe.pt", "", "gr-e"), ("a:b=c.pt", "", "a-b-c"),
      ("odd:mean=0.5.pt", "", "odd-mean-0.5"), (".pt", "", "pt"), ("é.pt", "", "model"),
    ])
  func paths(_ file: String, _ notes: String, _ name: String) throws {
    let place = folder.appending(file)
    try FileManager.default.createDirectory(
      at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: Fixture.file("digits.plain.pt"), to: place)
    for (text, expected) in [(place.path + notes, name), ("own=" + place.path + notes, "own")] {
      let result = try Command.run(
        "evaluate", "--model", text, "--data", "synthetic", "--count", "10", "--json")
      #expect(result.output.contains("\"model\" : \"\(expected)\""), "\(text): \(result)")
    }
    let inspected = try Command.run(
      "inspect", place.path + (notes.isEmpty ? "" : notes), "--data",
      "synthetic")
    #expect(inspected.status == 0, "\(inspected.errors)")
  }

  @Test("models in files of the same name are named after their folders, too")
  func folders() throws {
    let files = ["lr=0.1", "lr=0.01"].map { folder.appending("\($0)/last.pt") }
    for file in files {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: Fixture.file("digits.plain.pt"), to: file)
    }
    let paths = files.map(\.path)
    let result = try Command(
      ["evaluate", "--data", "synthetic", "--count", "10", "--json", "--model"] + paths
    ).wait()
    #expect(result.output.contains("lr-0.1-last") && result.output.contains("lr-0.01-last"))
    let twice = try Command(
      ["evaluate", "--data", "synthetic", "--model", paths[0], paths[0]]
    ).wait()
    #expect(twice.status == 64 && twice.errors.contains("two models have the name"), "\(twice)")
  }

  @Test("what is no path of a file is a name with a path, and a wrong name is refused")
  func missing() throws {
    func run(_ text: String) throws -> Command.Result {
      try Command.run("evaluate", "--model", text, "--data", "synthetic")
    }
    let path = folder.appending("no.pt").path
    for text in [path, "a=\(path)", path + ":range=0/1"] {
      let result = try run(text)
      #expect(result.status == 66, "\(result.errors)")
      #expect(result.errors.contains("No such file: \(path)\n"), "\(result.errors)")
    }
    #expect(try run("my model=x.pt").errors.contains("'my model' cannot be a name"))
    #expect(try run("./epoch=9.ckpt").errors.contains("/epoch=9.ckpt\n"))
  }

  @Test("the layers of a file that holds only weights can be stated")
  func layers() throws {
    let description = try NetworkDescription(
      input: InputShape(channels: 1, height: 28, width: 28),
      layers: LayerList(["flatten", "linear 10"]), classNames: (0..<10).map(String.init))
    let weights = folder.appending("weights.safetensors")
    let network = try Network(description, initialization: .kaimingUniform, seed: Seed(1))
    try SafetensorsFile.write(network.state(), metadata: [:], to: weights)
    let result = try Command.run(
      "evaluate", "--model", "m=\(weights.path):layers=flatten/linear 10", "--data", "synthetic",
      "--count", "20", "--json")
    #expect(result.status == 0 && result.output.contains("\"images\" : 20"), "\(result)")
  }
}
