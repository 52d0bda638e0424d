import Explanations
import Foundation
import ModelCore
import Support

/// A linear classifier with logits W·x + b.
struct LinearModel: Classifier {
  let inputShape: InputShape
  /// `[K, D]`, D the number of values of an input.
  let weight: Tensor
  /// `[1, K]`
  let bias: Tensor
  var valueRange = 0.0...1.0
  let device = Device.cpu
  var classCount: Int { weight.shape[0] }

  init(_ shape: InputShape, classes: Int = 3, valueRange: ClosedRange<Double> = 0...1) {
    let random = RandomSource(Seed(5))
    inputShape = shape
    weight = random.normal([classes, shape.count])
    bias = random.normal([1, classes])
    self.valueRange = valueRange
  }

  func logits(_ images: Tensor) -> Tensor { images.flattened.linear(weight, bias: nil) + bias }

  /// The weights of each example's class, in the shape of the examples.
  func weights(of classes: Tensor, like images: Tensor) -> Tensor {
    weight.indexSelect(0, classes).reshaped(images.shape)
  }
}

/// A classifier that gives every input the same logits.
struct ConstantModel: Classifier {
  let inputShape: InputShape
  let classCount = 3
  let valueRange = 0.0...1.0
  let device = Device.cpu

  func logits(_ images: Tensor) -> Tensor {
    images.flattened.sum([1], keep: true) * 0 + Tensor([0.5, 2, 1] as [Float], shape: [1, 3])
  }
}

/// What independent implementations compute, with the networks that they computed it for; see
/// `reference.py`.
struct FrozenReference {
  static let place = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "reference.safetensors")
  private let file: SafetensorsFile

  init() throws { file = try SafetensorsFile(Self.place) }

  func tensor(_ name: String) throws -> Tensor { try file.tensor(name) }

  /// The network for pictures of 3x8x8.
  func pictureNetwork() throws -> Network {
    try network(
      "picture", InputShape(channels: 3, height: 8, width: 8),
      ["conv 6 kernel 3 padding 1", "tanh", "flatten", "linear 12", "tanh", "linear 4"], classes: 4,
      0...1)
  }

  /// The network for rows of ten numbers.
  func tableNetwork() throws -> Network {
    try network(
      "table", InputShape(features: 10), ["linear 12", "tanh", "linear 2"], classes: 2, -1000...1000
    )
  }

  private func network(
    _ name: String, _ input: InputShape, _ layers: [String], classes: Int,
    _ range: ClosedRange<Double>
  ) throws -> Network {
    let description = try NetworkDescription(
      input: input, layers: LayerList(layers), classNames: (0..<classes).map(String.init),
      valueRange: range)
    let names = try description.parameters().map(\.name)
    let tensors = try names.map { ($0, try tensor("\(name).\($0)")) }
    return try Network(description, tensors: Dictionary(uniqueKeysWithValues: tensors))
  }
}

/// Examples as a question to a model, with the labels 0.
func batch(
  _ images: Tensor, of classifier: any Classifier, passSize: Int = 256, first: Int = 0,
  background: Background = Background()
) -> ExplainedBatch {
  let count = images.shape[0]
  return ExplainedBatch(
    images, labels: Tensor(labels: [Int](repeating: 0, count: count)), of: classifier,
    draws: ExampleDraws(Seed(11), examples: Array(first..<first + count)), background: background,
    passSize: passSize)
}

/// The largest difference between two tensors.
func distance(_ a: Tensor, _ b: Tensor) -> Double {
  (a.to(.float64) - b.to(.float64)).absolute.max().scalar
}
