import ModelCore
import Support

/// Plain training in which rare classes count more.
///
///     loss = Σ_n w_y · CE_n / Σ_n w_y, with w_c = ((N − n_c) / N) / (K − 1)
///
/// n_c is the number of training examples of class c, N that of all examples, and K the number of
/// classes. The weights sum to one. Use it for data whose classes have different sizes. Source: the
/// published code of J. Heo et al. (2023).
public struct ClassWeights: Defense, Configurable {
  public static let name = "class-weights"
  public static let summary = "cross-entropy in which rare classes count more"
  public static let settings: [Setting<ClassWeights>] = []

  public init() {}
  public init(_ settings: Settings) {}

  public func objective(_ preparation: Preparation) -> any Objective {
    WeightedCrossEntropy(counts: preparation.data.histogram)
  }
}

/// The weighted mean of the cross-entropies, with a weight for each class.
struct WeightedCrossEntropy: Objective {
  /// w, float32 `[K]`.
  let weights: Tensor

  /// - Parameter counts: n_c, the number of training examples of each class.
  init(counts: [Int]) {
    let total = Double(counts.reduce(0, +))
    let weights = counts.map { Float((total - Double($0)) / total / Double(counts.count - 1)) }
    self.weights = Tensor(weights, shape: [weights.count])
  }

  func terms(_ step: TrainingStep) -> [LossTerm] {
    let own = weights.to(step.network.device).indexSelect(0, step.labels)
    let mean = (own * step.logits.crossEntropy(step.labels)).sum() / own.sum()
    return [LossTerm("weighted cross-entropy", mean, logits: step.logits)]
  }
}
