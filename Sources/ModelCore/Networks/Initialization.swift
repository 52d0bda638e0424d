/// The distribution of the random weights of a new network. In the formulas, `inputs` and `outputs`
/// are the numbers of inputs and outputs of each unit of a layer.
public enum Initialization: String, Codable, Sendable, CaseIterable {
  /// U(−b, b), b = √(6 / (inputs + outputs)). Glorot & Bengio, 2010.
  case xavierUniform
  /// N(0, 2 / (inputs + outputs)). Glorot & Bengio, 2010.
  case xavierNormal
  /// U(−b, b), b = √(6 / inputs). He et al., 2015.
  case kaimingUniform
  /// N(0, 2 / inputs). He et al., 2015.
  case kaimingNormal

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
    }
  }
}

extension ParameterDescription {
  /// The tensor before any training.
  func start(_ initialization: Initialization, _ random: RandomSource) -> Tensor {
    switch role {
    case .weight(let inputs, let outputs):
      initialization.weight(shape, inputs: inputs, outputs: outputs, random)
    case .constant(let value), .statistic(let value): Tensor.full(value, shape: shape)
    case .counter: Tensor.zeros(shape, type: .int64)
    }
  }
}
