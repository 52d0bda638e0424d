import Attacks
import ModelCore
import Support

/// The time of each part of one step of projected gradient descent: each layer of a frozen network
/// alone, forward and backward, the loss, and the step with its projection.
struct StepProfile {
  private let network: Network
  private let images: Tensor
  private let labels: Tensor
  private static let rounds = 9

  struct Part: Encodable {
    let name: String
    /// Both in milliseconds.
    let forward: Double
    let backward: Double
  }

  init(_ network: Network, _ images: Tensor, _ labels: Tensor) {
    self.network = network
    self.images = images
    self.labels = labels
  }

  /// The layers, then the loss, then the step. The last part is a whole step, measured at once.
  func parts() throws -> [Part] {
    // images [N, C, H, W]
    var x = images
    var parts: [Part] = []
    for (name, apply) in try stages() {
      parts.append(measure(name, on: x, apply))
      x = withoutGradients { apply(x) }
    }
    let gradient = network.inputGradient(at: images) { $0.crossEntropy(labels) }
    let threat = ThreatModel(.linf, epsilon: 0.3, valueRange: network.valueRange)
    let times = Stopwatch.interleaved(
      Self.rounds,
      [
        { _ = threat.project(images + threat.step(gradient, size: 0.01), around: images) },
        {
          let ascent = network.inputGradient(at: images) { $0.crossEntropy(labels) }
          _ = threat.project(images + threat.step(ascent, size: 0.01), around: images)
        },
      ])
    return parts + [
      Part(name: "step and projection", forward: times[0] * 1e3, backward: 0),
      Part(name: "whole step", forward: times[1] * 1e3, backward: 0),
    ]
  }

  /// The layers in the order in which the network applies them: a maximum pooling that follows a
  /// ReLU comes before it.
  private func stages() throws -> [(name: String, apply: (Tensor) -> Tensor)] {
    var stages: [(name: String, apply: (Tensor) -> Tensor)] = []
    for (index, layer) in network.description.layers.layers.enumerated() {
      let stage: (Tensor) -> Tensor
      switch layer {
      case let convolution as Convolution:
        let (weight, bias) = (network["\(index).weight"], network["\(index).bias"])
        stage = { $0.convolved(weight, bias: bias, window: convolution.window) }
      case is Linear:
        let (weight, bias) = (network["\(index).weight"], network["\(index).bias"])
        stage = { $0.linear(weight, bias: bias) }
      case let pooling as MaxPooling: stage = { $0.maxPooled(pooling.window) }
      case is Relu: stage = { $0.relu }
      case is Flatten: stage = { $0.flattened }
      default: throw Failure.usage("the layer '\(layer.text)' cannot be profiled")
      }
      let place =
        layer is MaxPooling && stages.last?.name == Relu.keyword ? stages.count - 1 : stages.count
      stages.insert((layer.text, stage), at: place)
    }
    let loss = { (logits: Tensor) in logits.crossEntropy(labels).sum() }
    return stages + [("cross-entropy", loss)]
  }

  /// Measures one layer. The backward time is the time of a gradient of Σ output, minus that of the
  /// forward pass, minus that of the sum and its gradient.
  private func measure(_ name: String, on x: Tensor, _ apply: @escaping (Tensor) -> Tensor) -> Part
  {
    let output = withoutGradients { apply(x) }
    let incoming = output * 0 + 1
    func gradient(of variable: Tensor, _ apply: (Tensor) -> Tensor) {
      withGradients { _ = (apply(variable) * incoming).sum().gradient(of: variable) }
    }
    let times = Stopwatch.interleaved(
      Self.rounds,
      [
        { _ = withGradients { apply(x.tracked) } },
        { gradient(of: output.tracked) { $0 } },
        { gradient(of: x.tracked, apply) },
      ])
    return Part(
      name: name, forward: times[0] * 1e3, backward: max(0, times[2] - times[1] - times[0]) * 1e3)
  }
}
