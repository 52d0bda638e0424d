import Support

/// Multi-head self-attention of tokens `[T, D]`: `attention heads H`.
///
///     y = concat(softmax(qᵢ·kᵢᵀ/√d)·vᵢ for each head i)·Pᵀ + p,   [q, k, v] = x·Wᵀ + w
///
/// Each of the H heads has d = D/H numbers of every query, key and value. The parameters W, w
/// (`qkv`, the rows of all queries, then of all keys, then of all values) and P, p (`proj`) have the
/// names and shapes of timm's. Without positions, a permutation of the tokens permutes the outputs.
///
/// It has no interval bounds, since intervals of products of queries and keys become so wide that
/// they bound nothing, and no rule for contributions. Source: A. Vaswani et al., "Attention Is All You Need" (2017).
public struct Attention: Layer {
  public static let keyword = "attention"
  public let heads: Int

  public init(_ words: inout LayerWords) throws { heads = try words.heads() }

  public var text: String { "attention heads \(heads)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requireTokens(input)
    try AttentionWeights(size: input[1], heads: heads).check()
    return input
  }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    AttentionWeights(size: input[1], heads: heads).parameters
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    AttentionWeights(size: x.shape[2], heads: heads).apply(x, parameters)
  }
}

/// The linear maps around an attention of H heads over tokens of D numbers.
struct AttentionWeights {
  let size: Int
  let heads: Int

  private var packed: Linear { Linear(3 * size) }
  private var projection: Linear { Linear(size) }

  func check() throws {
    guard size % heads == 0 else {
      throw Failure.badData(
        "the number of heads, \(heads), must divide the size of the tokens, \(size)")
    }
  }

  var parameters: [ParameterDescription] {
    // Queries, keys and values are three maps of D outputs each, which matters for distributions
    // that depend on the number of outputs.
    [
      ParameterDescription("qkv.weight", [3 * size, size], .weight(inputs: size, outputs: size)),
      ParameterDescription("qkv.bias", [3 * size], .bias(inputs: size)),
      ParameterDescription("proj.weight", [size, size], .weight(inputs: size, outputs: size)),
      ParameterDescription("proj.bias", [size], .bias(inputs: size)),
    ]
  }

  /// x `[N, T, D]` → `[N, T, D]`
  /// - Parameter bias: what is added to the products of queries and keys, as in
  ///   `Tensor.attended(heads:bias:)`.
  func apply(_ x: Tensor, _ parameters: LayerParameters, bias: Tensor? = nil) -> Tensor {
    let qkv = packed.product(x, parameters["qkv.weight"], bias: parameters["qkv.bias"])
    return projection.product(
      qkv.attended(heads: heads, bias: bias), parameters["proj.weight"],
      bias: parameters["proj.bias"])
  }
}

extension LayerWords {
  mutating func heads() throws -> Int {
    guard take("heads") else { throw Failure.badData("attention: 'heads H' is missing") }
    return try count("the number of heads")
  }
}
