import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

/// The folder that scripts/route_reference.py wrote.
private let folder = ProcessInfo.processInfo.environment["CROSSFIRE_NETWORKS"]

@Suite(
  "Published networks at their published sizes agree with PyTorch",
  .enabled(
    if: folder != nil,
    "not compared: CROSSFIRE_NETWORKS does not name a folder of scripts/route_reference.py"))
struct NetworkRouteTests {
  private static let names: [String] = {
    guard let folder else { return [] }
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasSuffix(".pth") }.map { String($0.dropLast(4)) }.sorted()
  }()

  @Test("logits, input gradients and the images of FGSM are those of PyTorch", arguments: names)
  func agrees(_ name: String) throws {
    let place = URL(filePath: try #require(folder))
    let answers = try SafetensorsFile(place.appending(path: "\(name).safetensors"))
    let (images, labels) = (try answers.tensor("images"), try answers.tensor("labels"))
    let expected = try answers.tensor("logits")
    var notes = ModelNotes()
    notes.architecture = String(name.split(separator: "@")[0])
    let shown = LoadedModel.Images(
      shape: InputShape(channels: 3, height: images.shape[2], width: images.shape[3]),
      classNames: (0..<expected.shape[1]).map(String.init))
    let loaded = try LoadedModel(
      place.appending(path: "\(name).pth"), notes: notes, for: shown)
    let network = try #require(loaded.network)
    for form in [network, try network.frozen()] {
      let logits = withoutGradients { form.logits(images) }
      let gradient = form.inputGradient(at: images) { $0.crossEntropy(labels).sum() }
      let fgsm = (images + gradient.sign * (4 / 255)).clamped(to: 0...1)
      let near = (fgsm - (try answers.tensor("fgsm"))).absolute.isAtMost(1e-6).to(.float32).mean()
      let errors = (
        relativeError(logits, expected),
        relativeError(gradient, try answers.tensor("gradient"))
      )
      print("\(name): logits \(errors.0), gradient \(errors.1), FGSM \(near.scalar)")
      #expect(errors.0 < 1e-4)
      #expect(errors.1 < 1e-4)
      #expect(near.scalar >= 0.995)
    }
  }
}
