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
      // No setting has this value, so the command fails while it reads the setting.
      let result = try Command.run(
        "evaluate", "--model", "m=\(path):\(name)=?", "--data", "synthetic")
      #expect(result.status == 64, "\(name): \(result.errors)")
    }
    let unknown = try Command.run("evaluate", "--model", "m=\(path):size=?", "--data", "synthetic")
    #expect(unknown.status == 66 && unknown.errors.contains("missing.pt:size=?"), "\(unknown)")
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
