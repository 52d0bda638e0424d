import Support

/// Zeroes each number with probability P in training and scales the rest by 1 / (1 − P): `dropout
/// P`. Srivastava et al., 2014.
public struct Dropout: IncreasingLayer, LinearMap {
  public static let keyword = "dropout"
  public let probability: Double

  public init(_ probability: Double) { self.probability = probability }

  public init(_ words: inout LayerWords) throws {
    probability = try words.dropProbability(Self.self)
  }

  public var text: String { "dropout \(probability)" }
  public func outputShape(of input: [Int]) -> [Int] { input }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    guard let seed = pass.dropout, probability > 0 else { return x }
    // The mask depends only on the seed of the pass and on the layer, whose prefix is its place in
    // the network. No other layer and no other pass changes it.
    let draws = ExampleDraws(
      seed.derive("dropout \(parameters.prefix)"), examples: Array(0..<x.shape[0]),
      device: x.device)
    let kept = draws.uniform(Array(x.shape.dropFirst())).isAtLeast(probability).to(.float32)
    return x * (kept / (1 - probability))
  }
}

extension LayerWords {
  /// Reads the probability with which a kind of layer drops numbers: at least 0 and less than 1.
  mutating func dropProbability(_ kind: any Layer.Type) throws -> Double {
    let probability = try number("the probability")
    guard (0..<1).contains(probability) else {
      throw Failure.badData(
        "\(kind.keyword) \(probability): the probability must be at least 0 and less than 1")
    }
    return probability
  }
}
