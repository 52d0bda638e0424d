import Support

/// Zeroes each number with probability P in training and scales the rest by 1 / (1 − P): `dropout
/// P`. Srivastava et al., 2014.
public struct Dropout: Layer {
  public static let keyword = "dropout"
  public let probability: Double

  public init(_ probability: Double) { self.probability = probability }

  public init(_ words: inout LayerWords) throws {
    probability = try words.number("the probability")
    guard (0..<1).contains(probability) else {
      throw Failure.badData(
        "dropout \(probability): the probability must be at least 0 and less than 1")
    }
  }

  public var text: String { "dropout \(probability)" }
  public func outputShape(of input: [Int]) -> [Int] { input }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    guard let random = pass.random, probability > 0 else { return x }
    let kept = random.uniform(x.shape).isAtLeast(probability).to(.float32)
    return x * (kept / (1 - probability))
  }
}
