/// The distribution of the random weights of a new network. In the formulas, `inputs` and `outputs`
/// are the numbers of inputs and outputs of each unit of a layer. Biases start at zero, except with
/// `torchDefault`.
public enum Initialization: String, Codable, Sendable, CaseIterable {
  /// U(−b, b), b = √(6 / (inputs + outputs)). Glorot & Bengio, 2010.
  case xavierUniform
  /// N(0, 2 / (inputs + outputs)). Glorot & Bengio, 2010.
  case xavierNormal
  /// U(−b, b), b = √(6 / inputs). He et al., 2015.
  case kaimingUniform
  /// N(0, 2 / inputs). He et al., 2015.
  case kaimingNormal
  /// U(−b, b), b = 1 / √inputs, for weights and biases. It is the default of PyTorch's linear and
  /// convolutional layers.
  case torchDefault

  func weight(_ shape: [Int], inputs: Int, outputs: Int, _ random: RandomSource) -> Tensor {
    let both = Double(inputs + outputs)
    let single = Double(inputs)
    return switch self {
    case .xavierUniform:
      random.uniform(shape, in: -(6 / both).squareRoot()..<(6 / both).squareRoot())
    case .xavierNormal: random.normal(shape) * (2 / both).squareRoot()
    case .kaimingUniform:
      random.uniform(shape, in: -(6 / single).squareRoot()..<(6 / single).squareRoot())
    case .kaimingNormal: random.normal(shape) * (2 / single).squareRoot()
    case .torchDefault: Self.torchUniform(shape, inputs, random)
    }
  }

  func bias(_ shape: [Int], inputs: Int, _ random: RandomSource) -> Tensor {
    self == .torchDefault
      ? Self.torchUniform(shape, inputs, random) : Tensor.zeros(shape, type: .float32)
  }

  private static func torchUniform(_ shape: [Int], _ inputs: Int, _ random: RandomSource) -> Tensor
  {
    let bound = 1 / Double(inputs).squareRoot()
    return random.uniform(shape, in: -bound..<bound)
  }
}

extension ParameterDescription {
  /// The tensor before any training.
  func start(_ initialization: Initialization, _ random: RandomSource) -> Tensor {
    switch role {
    case .weight(let inputs, let outputs):
      initialization.weight(shape, inputs: inputs, outputs: outputs, random)
    case .bias(let inputs): initialization.bias(shape, inputs: inputs, random)
    case .constant(let value), .statistic(let value): Tensor.full(value, shape: shape)
    case .counter: Tensor.zeros(shape, type: .int64)
    }
  }
}
