/// Random changes of the features inside a network in evaluation. They make many similar networks
/// out of one, without training.
///
/// Inputs of the layers with weights, but not of the first one, are dropped as by dropout. The
/// shortcuts of residual blocks are multiplied by a random number near 1. Layers inside a block
/// count as one layer. Each image has changes of its own. Source: Y. Li et al., "Learning
/// Transferable Adversarial Examples via Ghost Networks" (2020).
public struct Erosion: Sendable {
  /// The probability with which a feature is dropped; the others are multiplied by
  /// 1 / (1 − dropout).
  public let dropout: Double
  /// Λ: shortcuts are multiplied by a number from [1 − Λ, 1 + Λ).
  public let shortcut: Double
  /// The random numbers, one row for each image.
  public let draws: ExampleDraws

  public init(dropout: Double, shortcut: Double, draws: ExampleDraws) {
    self.dropout = dropout
    self.shortcut = shortcut
    self.draws = draws
  }

  /// The inputs of a layer, of which some are dropped: x `[N, …]` → `[N, …]`.
  /// - Parameter index: the place of the layer in the network.
  func dropped(_ x: Tensor, before index: Int) -> Tensor {
    guard dropout > 0 else { return x }
    let own = draws.purpose("dropout \(index)")
    let kept = own.uniform(Array(x.shape.dropFirst())).isAtLeast(dropout).to(.float32)
    return x * (kept / (1 - dropout))
  }

  /// The output of a shortcut, scaled: x `[N, …]` → `[N, …]`.
  /// - Parameter prefix: what precedes the names of the block's tensors, which is its place.
  func scaled(_ x: Tensor, at prefix: String) -> Tensor {
    guard shortcut > 0 else { return x }
    let one = [Int](repeating: 1, count: x.rank - 1)
    return x * draws.purpose("shortcut \(prefix)").uniform(one, in: 1 - shortcut..<1 + shortcut)
  }
}
