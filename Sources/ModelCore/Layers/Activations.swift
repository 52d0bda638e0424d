/// A layer that applies one function to each number of its input, and has no settings: its text is
/// its keyword. The output has the input's shape.
protocol Activation: Layer {
  init()
  func callAsFunction(_ x: Tensor) -> Tensor
  /// The number at which the function is smallest. It falls before this number and rises after it.
  /// −∞ for a function that rises everywhere.
  static var valley: Double { get }
}

extension Activation {
  public init(_ words: inout LayerWords) { self.init() }
  public var text: String { Self.keyword }
  public func outputShape(of input: [Int]) -> [Int] { input }
  static var valley: Double { -.infinity }
  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor { self(x) }
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    inputs.mapped(valley: Self.valley) { self($0) }
  }
}

/// max(0, x): `relu`.
public struct Relu: Activation {
  public static let keyword = "relu"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.relu }
  /// An interval of positive numbers stays as it is, one of negative numbers becomes 0, and one
  /// with 0 inside keeps its upper part, whose radius is half its upper end.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let upper = inputs.upper.relu
    let radius = inputs.radius.minimum(upper * 0.5)
    return Bounds(around: upper - radius, by: radius)
  }
  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    inputs.activated { $0.relu }
  }
}

/// x where x is positive, slope·x elsewhere: `leakyrelu [SLOPE]`. The slope is 0.01 by default.
public struct LeakyRelu: IncreasingLayer {
  public static let keyword = "leakyrelu"
  public let slope: Double

  public init(_ words: inout LayerWords) throws {
    slope = words.startsWithNumber ? try words.number("the slope") : 0.01
  }

  public var text: String { "leakyrelu \(slope)" }
  public func outputShape(of input: [Int]) -> [Int] { input }
  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.leakyRelu(slope: slope)
  }
  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    inputs.activated { $0.leakyRelu(slope: slope) }
  }
}

/// 1 / (1 + e⁻ˣ): `sigmoid`.
public struct Sigmoid: Activation {
  public static let keyword = "sigmoid"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid }
}

/// The hyperbolic tangent: `tanh`.
public struct Tanh: Activation {
  public static let keyword = "tanh"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.tanh }
}

/// x where x is positive, eˣ − 1 elsewhere: `elu`. Clevert et al., 2016.
public struct Elu: Activation {
  public static let keyword = "elu"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.elu }
}

/// x·Φ(x), where Φ is the distribution function of the standard normal distribution: `gelu`. With
/// `gelu tanh`, Φ(x) is approximated by 0.5·(1 + tanh(√(2/π)·(x + 0.044715·x³))). Hendrycks &
/// Gimpel, 2016.
public struct Gelu: Layer {
  public static let keyword = "gelu"
  public let isApproximate: Bool

  public init(_ words: inout LayerWords) { isApproximate = words.take("tanh") }

  public var text: String { isApproximate ? "gelu tanh" : "gelu" }
  public func outputShape(of input: [Int]) -> [Int] { input }
  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    isApproximate ? x.geluTanh : x.gelu
  }
  /// The function falls up to the root of its derivative and rises from there on.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let valley = isApproximate ? -0.7524614220710163 : -0.7517915246935645
    return inputs.mapped(valley: valley) { apply($0, parameters, pass) }
  }
}

/// x·sigmoid(x): `silu`.
public struct Silu: Activation {
  public static let keyword = "silu"
  /// The root of the derivative: the x with 1 + e⁻ˣ·(1 + x) = 0.
  static let valley = -1.2784645427610738
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.silu }
}

/// log(1 + eˣ), a smooth form of ReLU whose second derivative is not zero: `softplus`.
public struct Softplus: Activation {
  public static let keyword = "softplus"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.softplus }
}
