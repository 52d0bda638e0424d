import ModelCore

/// How much the explanations of several networks resemble each other: the squared cosine of their
/// input gradients.
///
/// Source: A. Ross, "Training Machine Learning Models by Regularizing their Explanations" (2018),
/// appendix C.
public enum GradientSimilarity {
  /// Added to the denominator, so that a gradient of zero has the similarity 0.
  static let stabiliser = 1e-6

  /// (v·w)² / (‖v‖²·‖w‖² + 1e-6) of each example: 1 for gradients in the same or the opposite
  /// direction, and 0 for orthogonal ones.
  /// - Parameters:
  ///   - first, second: the gradients v and w, `[N, …]` in one shape.
  /// - Returns: `[N]`, from 0 to 1.
  public static func squaredCosines(_ first: Tensor, _ second: Tensor) -> Tensor {
    let (v, w) = (first.flattened, second.flattened)
    let lengths = v.square.sum([1]) * w.square.sum([1])
    return (v * w).sum([1]).square / (lengths + stabiliser)
  }

  /// The sum over all pairs of gradients, each counted once, of the mean squared cosine over the
  /// examples: a scalar.
  /// - Parameter gradients: one for each network, at least two, each `[N, …]` in one shape.
  public static func penalty(_ gradients: [Tensor]) -> Tensor {
    precondition(gradients.count >= 2, "a pair needs two gradients")
    let pairs = gradients.indices.flatMap { first in
      gradients.indices.dropFirst(first + 1).map { second in
        squaredCosines(gradients[first], gradients[second]).mean()
      }
    }
    return pairs.dropFirst().reduce(pairs[0], +)
  }
}
