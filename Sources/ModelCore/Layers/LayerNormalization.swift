import Support

/// Layer normalisation: `layernorm [epsilon E]`.
///
///     y = weight · (x − mean) / √(variance + ε) + bias
///
/// Mean and biased variance are those of the D numbers of a row `[D]`, of each token of `[T, D]`, or
/// of the D channels of each pixel of a picture `[D, H, W]`. By default, ε is 1e-5.
///
/// Source: Ba, Kiros & Hinton, 2016.
public struct LayerNormalization: Layer {
  public static let keyword = "layernorm"
  public let epsilon: Double

  public init(_ words: inout LayerWords) throws {
    epsilon = words.take("epsilon") ? try words.number("epsilon", in: 1e-15...1) : 1e-5
  }

  public var text: String { "layernorm" + (epsilon == 1e-5 ? "" : " epsilon \(epsilon)") }

  public func outputShape(of input: [Int]) -> [Int] { input }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    let size = input.count == 3 ? input[0] : input[input.count - 1]
    return [
      ParameterDescription("weight", [size], .constant(1)),
      ParameterDescription("bias", [size], .constant(0)),
    ]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    let (weight, bias) = (parameters["weight"], parameters["bias"])
    return x.withChannelsLast {
      $0.layerNormalized(weight: weight, bias: bias, epsilon: epsilon)
    }
  }

  /// The deviations x − mean are linear in x, so they have exact intervals. Their squares bound the
  /// variance, and the quotient is bounded by the quotients of the ends. Whatever x is, a quotient is
  /// at most √(D − 1), since a deviation is at most √((D − 1)/D) times the root of the sum of all
  /// squares.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let isPicture = inputs.center.rank == 4
    func last(_ x: Tensor) -> Tensor { isPicture ? x.permuted([0, 2, 3, 1]) : x }
    func back(_ x: Tensor) -> Tensor { isPicture ? x.permuted([0, 3, 1, 2]) : x }
    // All tensors [N, …, D]; variances and deviations [N, …, 1].
    let (x, radius) = (last(inputs.center), last(inputs.radius))
    let size = Double(x.shape[x.rank - 1])
    let center = x - x.mean([-1], keep: true)
    // The number itself counts with 1 − 1/D, all others with 1/D.
    let spread = radius * (1 - 2 / size) + radius.mean([-1], keep: true)
    let (lower, upper) = (center - spread, center + spread)
    let (near, far) = ((center.absolute - spread).relu, center.absolute + spread)
    let least = (near.square.mean([-1], keep: true) + epsilon).squareRoot
    let most = (far.square.mean([-1], keep: true) + epsilon).squareRoot
    let limit = (size - 1).squareRoot()
    let quotient = Bounds(
      lower: (lower.relu / most - (-lower).relu / least).maximum(-limit),
      upper: (upper.relu / least - (-upper).relu / most).minimum(limit))
    return Bounds(
      around: back(quotient.center * parameters["weight"] + parameters["bias"]),
      by: back(quotient.radius * parameters["weight"].absolute))
  }
}

extension Tensor {
  /// The result of a function of tensors `[…, C]`. Pictures `[N, C, H, W]` are passed to it as
  /// `[N, H, W, C]`, which is their order in memory if their channels come last, and given back as
  /// pictures.
  func withChannelsLast(_ function: (Tensor) -> Tensor) -> Tensor {
    rank == 4 ? function(permuted([0, 2, 3, 1])).permuted([0, 3, 1, 2]) : function(self)
  }
}

/// Multiplies each channel of a picture `[D, H, W]`, or each of the D numbers of a row or of tokens
/// `[T, D]`, by a learned factor: `layerscale V`. All factors start with V.
///
/// At the end of a residual block's body, it lets deep networks start near the identity. Source:
/// H. Touvron et al., "Going deeper with Image Transformers" (2021).
public struct LayerScale: Layer, LinearMap {
  public static let keyword = "layerscale"
  public let start: Double

  public init(_ words: inout LayerWords) throws {
    start = try words.number("the first value of the factors", in: -100...100)
  }

  public var text: String { "layerscale \(start)" }
  public func outputShape(of input: [Int]) -> [Int] { input }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    let size = input.count == 3 ? input[0] : input[input.count - 1]
    return [ParameterDescription("weight", [size], .constant(start))]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    scaled(x, by: parameters["weight"])
  }

  /// The radius of an interval is multiplied by the factor's magnitude.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let weight = parameters["weight"]
    return Bounds(
      around: scaled(inputs.center, by: weight), by: scaled(inputs.radius, by: weight.absolute))
  }

  private func scaled(_ x: Tensor, by weight: Tensor) -> Tensor {
    x.rank == 4 ? x * weight.reshaped([1, -1, 1, 1]) : x * weight
  }
}
