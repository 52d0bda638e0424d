/// A function of each number by itself: the keyword is its whole text.
protocol Activation: Layer {
  init()
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Activation {
  public init(_ words: inout LayerWords) { self.init() }
  public var text: String { Self.keyword }
  public func outputShape(of input: [Int]) -> [Int] { input }
  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor { self(x) }
}

/// max(0, x)
public struct Relu: Activation {
  public static let keyword = "relu"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.relu }
}

/// x where positive, slope·x where not: `leakyrelu [SLOPE]`, 0.01 unless given.
public struct LeakyRelu: Layer {
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
}

/// 1 / (1 + e⁻ˣ)
public struct Sigmoid: Activation {
  public static let keyword = "sigmoid"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid }
}

/// Hyperbolic tangent.
public struct Tanh: Activation {
  public static let keyword = "tanh"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.tanh }
}

/// x where positive, eˣ − 1 where not. Clevert et al., 2016.
public struct Elu: Activation {
  public static let keyword = "elu"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.elu }
}

/// x·Φ(x), with the normal distribution function Φ. Hendrycks & Gimpel, 2016.
public struct Gelu: Activation {
  public static let keyword = "gelu"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.gelu }
}

/// x·sigmoid(x)
public struct Silu: Activation {
  public static let keyword = "silu"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.silu }
}

/// log(1 + eˣ): a ReLU whose second derivative is not zero.
public struct Softplus: Activation {
  public static let keyword = "softplus"
  public init() {}
  func callAsFunction(_ x: Tensor) -> Tensor { x.softplus }
}
