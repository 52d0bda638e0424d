import Support

/// The distribution of the random weights of a new network. In the formulas, `inputs` and `outputs`
/// are the numbers of inputs and outputs of each unit of a layer. Biases start at zero, except with
/// `torch-default` and `normal`.
public enum Initialization: Codable, Sendable, Hashable, CaseIterable {
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
  /// N(0, deviation²), for weights and biases, whatever the size of the layer. A. Ross, M. Hughes
  /// and F. Doshi-Velez, "Right for the Right Reasons" (2017), use the deviation 0.1.
  case normal(deviation: Double)
  /// N(0, deviation²) without the numbers beyond ±2, for weights. It is the distribution of
  /// PyTorch's `trunc_normal_`, with which vision transformers start at the deviation 0.02.
  case truncatedNormal(deviation: Double)

  /// Every distribution; `normal` with the deviation 0.1, `truncated-normal` with 0.02.
  public static let allCases: [Initialization] = [
    .xavierUniform, .xavierNormal, .kaimingUniform, .kaimingNormal, .torchDefault,
    .normal(deviation: 0.1), .truncatedNormal(deviation: 0.02),
  ]

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
    case .normal(let deviation): random.normal(shape) * deviation
    case .truncatedNormal(let deviation): Self.truncatedNormal(shape, deviation, random)
    }
  }

  func bias(_ shape: [Int], inputs: Int, _ random: RandomSource) -> Tensor {
    switch self {
    case .torchDefault: Self.torchUniform(shape, inputs, random)
    case .normal(let deviation): random.normal(shape) * deviation
    default: Tensor.zeros(shape, type: .float32)
    }
  }

  /// Draws the numbers beyond ±2 again until there are none.
  private static func truncatedNormal(_ shape: [Int], _ deviation: Double, _ random: RandomSource)
    -> Tensor
  {
    var drawn = random.normal(shape) * deviation
    while drawn.absolute.max().scalar > 2 {
      drawn = drawn.absolute.isAtMost(2).choose(drawn, else: random.normal(shape) * deviation)
    }
    return drawn
  }

  private static func torchUniform(_ shape: [Int], _ inputs: Int, _ random: RandomSource) -> Tensor
  {
    let bound = 1 / Double(inputs).squareRoot()
    return random.uniform(shape, in: -bound..<bound)
  }
}

/// The text of a distribution in settings and files, such as `xavier-uniform` or `normal 0.1`.
extension Initialization: RawRepresentable {
  /// - Parameter rawValue: the name of a distribution. The deviation of `normal`, above 0 and at
  ///   most 100, follows after a blank, and likewise that of `truncated-normal`, at most 2. Camel
  ///   case, such as `xavierUniform`, is read, too.
  public init?(rawValue: String) {
    let rawValue = rawValue.hyphenated
    let words = rawValue.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    if words.count == 2, words[0] == "normal" {
      guard let deviation = (1e-9...100).number(words[1]) else { return nil }
      self = .normal(deviation: deviation)
      return
    }
    if words.count == 2, words[0] == "truncated-normal" {
      guard let deviation = (1e-9...2).number(words[1]) else { return nil }
      self = .truncatedNormal(deviation: deviation)
      return
    }
    guard let found = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = found
  }

  public var rawValue: String {
    switch self {
    case .xavierUniform: "xavier-uniform"
    case .xavierNormal: "xavier-normal"
    case .kaimingUniform: "kaiming-uniform"
    case .kaimingNormal: "kaiming-normal"
    case .torchDefault: "torch-default"
    case .normal(let deviation): "normal \(deviation.plainDecimal)"
    case .truncatedNormal(let deviation): "truncated-normal \(deviation.plainDecimal)"
    }
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
