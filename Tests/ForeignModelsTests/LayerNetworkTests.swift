import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

/// Networks from scripts/layer_networks.py, which have all layers of the published convolutional
/// networks.
@Suite("Narrow convolutional networks agree with PyTorch")
struct LayerNetworkTests {
  static let names = ["bottleneck", "mobile", "dense", "wide"]

  private func network(_ name: String) throws -> (network: Network, answers: SafetensorsFile) {
    let file = try SafetensorsFile(Fixture.file("layers.\(name).safetensors"))
    let texts = try JSONDecoder().decode(
      [String].self, from: Data(#require(file.metadata["layers"]).utf8))
    var notes = ModelNotes()
    notes.layers = try LayerList(texts)
    notes.input = InputShape(try #require(file.metadata["input"]))
    let weights = try file.names.filter { !$0.hasPrefix("answers.") }
      .map { ($0, try file.tensor($0)) }
    let network = try StateDictionary(Dictionary(uniqueKeysWithValues: weights)).network(
      notes, for: nil, device: .cpu)
    return (network, file)
  }

  @Test("logits, input gradients and the images of FGSM agree, frozen or not", arguments: names)
  func agrees(_ name: String) throws {
    let (network, file) = try network(name)
    func answer(_ name: String) throws -> Tensor { try file.tensor("answers.\(name)") }
    let (images, labels) = (try answer("images"), try answer("labels"))
    for form in [network, try network.frozen()] {
      let logits = withoutGradients { form.logits(images) }
      #expect(relativeError(logits, try answer("logits")) < 1e-5)
      let gradient = form.inputGradient(at: images) { $0.crossEntropy(labels).sum() }
      #expect(relativeError(gradient, try answer("gradient")) < 1e-4)
      let fgsm = (images + gradient.sign * (4 / 255)).clamped(to: 0...1)
      let near = (fgsm - (try answer("fgsm"))).absolute.isAtMost(1e-6).to(.float32).mean()
      #expect(near.scalar >= 0.995)
    }
  }

  @Test("the parameter gradients of the squared input gradient agree", arguments: names)
  func penalty(_ name: String) throws {
    let (network, file) = try network(name)
    let images = try file.tensor("answers.images").tracked
    let labels = try file.tensor("answers.labels")
    let loss = network.logits(images).crossEntropy(labels).sum()
    let slope = loss.gradient(of: images, differentiable: true)
    let found = slope.square.sum().gradients(of: network.learned)
    for (parameter, gradient) in zip(network.learnedNames, found) {
      let expected = try file.tensor("answers.penalty.\(parameter)")
      let scale = expected.square.sum().squareRoot.scalar
      if scale < 1e-6 {
        #expect(gradient.absolute.max().scalar < 1e-6, "\(parameter)")
      } else {
        #expect(relativeError(gradient.detached, expected) < 1e-4, "\(parameter)")
      }
    }
  }
}
