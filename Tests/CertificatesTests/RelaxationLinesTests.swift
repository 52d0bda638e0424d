import Support
import Testing

@testable import ModelCore

/// The straight lines between which activations lie.
@Suite("Lines above and below activations")
struct RelaxationLinesTests {
  static let activations: [String] = ["relu", "leakyrelu", "tanh", "sigmoid", "elu", "softplus"]

  private func lines(_ name: String, _ interval: Bounds) -> RelaxationLines {
    switch name {
    case "relu": .relu(interval)
    case "leakyrelu": .relu(interval, slope: 0.2)
    case "tanh": .tanh(interval)
    case "sigmoid": .sigmoid(interval)
    case "elu": .elu(interval)
    default: .softplus(interval)
    }
  }

  private func value(_ name: String, _ x: Tensor) -> Tensor {
    switch name {
    case "relu": x.relu
    case "leakyrelu": x.leakyRelu(slope: 0.2)
    case "tanh": x.tanh
    case "sigmoid": x.sigmoid
    case "elu": x.elu
    default: x.softplus
    }
  }

  @Test("the function lies between its lines over the whole interval", arguments: activations)
  func between(_ name: String) {
    // 500 intervals of all widths, and 101 points of each.
    let random = RandomSource(Seed(81))
    let middle = random.normal([500]) * 3
    let radius = (random.uniform([500], in: -6..<2)).exponential
    let lines = lines(name, Bounds(around: middle, by: radius))
    for step in 0...100 {
      let x = middle + radius * (Double(step) / 50 - 1)
      let y = value(name, x)
      let above = lines.upperSlope * x + lines.upperOffset - y
      let below = y - lines.lowerSlope * x - lines.lowerOffset
      #expect(above.min().scalar > -2e-5, "\(name) at \(step)")
      #expect(below.min().scalar > -2e-5, "\(name) at \(step)")
    }
  }

  /// Slopes and offsets by auto_LiRPA (see reference.py).
  @Test(
    "lines of S-shaped functions are those of another library",
    arguments: [
      ("tanh", -1.0, 1.0, [0.8135, -0.0559, 0.8135, 0.0559]),
      ("tanh", -2, 1, [0.7864, -0.0689, 0.5797, 0.2005]),
      ("tanh", 0.5, 2, [0.3346, 0.2948, 0.2804, 0.4978]),
      ("tanh", -3, -1, [0.0707, -0.8227, 0.1167, -0.6449]),
      ("sigmoid", -0.1, 3, [0.1540, 0.4904, 0.1539, 0.5868]),
    ])
  func published(_ name: String, _ low: Double, _ high: Double, _ expected: [Float]) {
    let lines = lines(
      name, Bounds(lower: Tensor.full(low, shape: [1]), upper: Tensor.full(high, shape: [1])))
    let found = [lines.lowerSlope, lines.lowerOffset, lines.upperSlope, lines.upperOffset].map {
      $0.floats()[0]
    }
    // The other library takes tangents from a table of points that are 0.01 apart.
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 0.01, "\(found), \(expected)") }
  }
}
