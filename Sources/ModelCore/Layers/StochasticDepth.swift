/// Zeroes a whole example with probability P in training and multiplies the others by 1 / (1 − P):
/// `stochasticdepth P`. The identity in evaluation. At the end of a residual block's body, it skips
/// the body for some examples. Huang et al., 2016.
public struct StochasticDepth: IncreasingLayer, LinearMap {
  public static let keyword = "stochasticdepth"
  public let probability: Double

  public init(_ words: inout LayerWords) throws {
    probability = try words.dropProbability(Self.self)
  }
  public var text: String { "stochasticdepth \(probability)" }
  public func outputShape(of input: [Int]) -> [Int] { input }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // x [N, …]. The draws depend on the seed of the pass and on the place of the layer, as those of
    // dropout do.
    guard let seed = pass.dropout, probability > 0 else { return x }
    let draws = ExampleDraws(
      seed.derive("stochastic depth \(parameters.prefix)"), examples: Array(0..<x.shape[0]),
      device: x.device)
    let one = [Int](repeating: 1, count: x.rank - 1)
    return x * (draws.uniform(one).isAtLeast(probability).to(.float32) / (1 - probability))
  }
}
