import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Transformers and their relatives compute what PyTorch computes")
struct TransformerTests {
  /// A narrow network, and what PyTorch computes for one image in float64; see
  /// scripts/transformers_reference.py.
  struct Expected: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let size: Int
    let layers: [String]
    let logits: [Float]
    /// The gradient in the image of the cross-entropy with label 3.
    let gradient: [Float]
    /// Σ pattern·∇‖gradient‖².
    let second: Double
    let parameters: [String: [Int]]
    var testDescription: String { name }
  }

  static let all = try! JSONDecoder().decode(
    [Expected].self, from: Data(contentsOf: Fixture.file("transformers.json")))

  private func network(_ expected: Expected) throws -> Network {
    let tensors = expected.parameters.map { name, shape in
      let pattern = Pattern.tensor(shape, phase: name.count)
      let fan = Double(shape.dropFirst().reduce(1, *))
      let tensor =
        shape.count > 1
        ? pattern * (4 / fan).squareRoot() : pattern / 10 + (name.hasSuffix("weight") ? 1 : 0)
      return (name, tensor)
    }
    return try Network(
      NetworkDescription(
        input: InputShape(channels: 3, height: expected.size, width: expected.size),
        layers: LayerList(expected.layers), classNames: (0..<5).map(String.init)),
      tensors: Dictionary(uniqueKeysWithValues: tensors))
  }

  @Test(
    "logits, input gradients, images of FGSM and second derivatives agree, frozen or not",
    arguments: all)
  func agrees(_ expected: Expected) throws {
    let network = try network(expected)
    #expect(network.description.layers.texts == expected.layers)
    let image = (Pattern.tensor([1, 3, expected.size, expected.size], phase: 0) + 1) / 2
    let label = Tensor(labels: [3])
    for classifier in [network, try network.frozen()] {
      let x = image.tracked
      let logits = classifier.logits(x)
      #expect(relativeError(logits.detached, Tensor(expected.logits, shape: [1, 5])) < 1e-5)
      let gradient = logits.crossEntropy(label).sum().gradient(of: x, differentiable: true)
      let known = Tensor(expected.gradient, shape: image.shape)
      #expect(relativeError(gradient.detached, known) < 1e-4)
      func fgsm(_ gradient: Tensor) -> Tensor {
        (image + gradient.sign * 0.03).clamped(to: 0...1)
      }
      #expect(agreement(fgsm(gradient.detached), fgsm(known)) >= 0.995)
      let curvature = gradient.square.sum().gradient(of: x)
      let second = (curvature * Pattern.tensor(image.shape, phase: 5)).sum().scalar
      #expect(abs(second / expected.second - 1) < 1e-3)
      // Without a derivative of the gradient, attention takes another way.
      let plain = classifier.logits(x).crossEntropy(label).sum().gradient(of: x)
      #expect(relativeError(plain, known) < 1e-4)
    }
  }

  @Test("two images give what each gives by itself", arguments: all)
  func batches(_ expected: Expected) throws {
    let network = try network(expected).frozen()
    let images = (Pattern.tensor([3, 3, expected.size, expected.size], phase: 2) + 1) / 2
    let together = withoutGradients { network.logits(images) }
    for index in 0..<3 {
      let alone = withoutGradients { network.logits(images.narrow(0, index, 1)) }
      #expect(relativeError(alone, together.narrow(0, index, 1)) < 1e-5)
    }
  }
}

/// The numbers sin(1.7 j + phase) for j = 0, …, 996, repeated until they fill a shape, as in the
/// scripts that compute references.
enum Pattern {
  static func tensor(_ shape: [Int], phase: Int) -> Tensor {
    let count = shape.reduce(1, *)
    let once = Tensor(
      (0..<997).map { Float(sin(Double($0) * 1.7 + Double(phase))) }, shape: [1, 997])
    return once.expanded([count / 997 + 1, 997]).reshaped([-1]).narrow(0, 0, count).reshaped(shape)
  }
}
