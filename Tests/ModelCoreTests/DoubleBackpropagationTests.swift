import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("A penalty on input gradients has the same parameter gradients as in float64")
struct DoubleBackpropagationTests {
  /// Convolutions before a batch normalisation have no bias: its gradient is zero, so a comparison
  /// would compare rounding errors.
  static let networks: [(InputShape, [String])] = [
    (
      InputShape(channels: 1, height: 12, width: 12),
      [
        "conv 16 kernel 5 padding 2 bias off", "batchnorm", "relu", "maxpool 2",
        "conv 20 kernel 5 padding 2 bias off",
        "batchnorm", "relu", "maxpool 2", "flatten", "linear 24 bias off", "batchnorm", "relu",
        "dropout 0.5",
        "linear 4",
      ]
    ),
    (
      InputShape(channels: 3, height: 9, width: 11),
      [
        "conv 8 kernel 3 stride 2 padding 1", "relu", "conv 8 kernel 3 padding 1 groups 2 bias off",
        "batchnorm",
        "leakyrelu", "maxpool 3 stride 2 padding 1", "conv 6 kernel 2", "softplus", "globalavgpool",
        "flatten",
        "linear 4",
      ]
    ),
    (
      InputShape(channels: 3, height: 9, width: 11),
      [
        "storednormalize", "pad 0,1,1,0", "conv 8 kernel 3 stride 2 bias off", "batchnorm",
        "hardswish", "gate [globalavgpool; conv 4 kernel 1; silu; conv 8 kernel 1; hardsigmoid]",
        "residual [conv 8 padding 1 groups 8 bias off; batchnorm; relu6; stochasticdepth 0.2]",
        "concat [conv 4 kernel 1 bias off; batchnorm; silu; conv 3 padding 1]",
        "adaptiveavgpool 2x3", "flatten", "linear 4",
      ]
    ),
  ]

  /// The loss, cross-entropy + λ·(mean over images of ‖∂ cross-entropy / ∂ image‖²) with λ = 10,
  /// and its gradients in the parameters.
  private func gradients(
    _ network: Network, _ images: Tensor, _ labels: Tensor, _ type: Tensor.ElementType, _ pass: Pass
  ) -> [Tensor] {
    let tensors = Dictionary(
      uniqueKeysWithValues: network.names.map { name in
        let tensor = network[name].detached
        guard tensor.type == .float32 else { return (name, tensor) }
        return (
          name, network.learnedNames.contains(name) ? tensor.to(type).tracked : tensor.to(type)
        )
      })
    let x = images.to(type).tracked
    let parameters = LayerParameters(tensors: tensors)
    let losses = network.description.layers.apply(x, parameters, pass).crossEntropy(labels)
    let slope = losses.sum().gradient(of: x, differentiable: true)
    let loss = losses.mean() + slope.square.sum() * (10 / Double(images.shape[0]))
    return [loss] + loss.gradients(of: network.learnedNames.map { tensors[$0]! })
  }

  @Test(
    "the gradients agree in training, with dropout, and in evaluation", arguments: networks.indices,
    [true, false])
  func gradients(_ index: Int, _ trains: Bool) throws {
    let (shape, layers) = Self.networks[index]
    let description = try NetworkDescription(
      input: shape, layers: LayerList(layers), classNames: (0..<4).map(String.init))
    let network = try Network(description, initialization: .kaimingUniform, seed: Seed(41))
    let random = RandomSource(Seed(42))
    let images = random.uniform([6] + shape.sizes)
    let labels = random.integers(below: 4, [6])
    func pass() -> Pass {
      trains ? .training(dropout: Seed(43), updatesStatistics: false) : .evaluation
    }
    let found = gradients(network, images, labels, .float32, pass())
    let expected = gradients(network, images, labels, .float64, pass())
    for (name, pair) in zip(["loss"] + network.learnedNames, zip(found, expected)) {
      #expect(relativeError(pair.0.detached, pair.1.detached) < 1e-4, "\(name)")
    }
  }
}
