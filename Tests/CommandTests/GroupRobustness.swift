import Datasets
import Defenses
import ModelCore
import Support

/// Group distributionally robust optimisation (Sagawa et al., 2020): the groups of the data count
/// the more, the larger their losses are. The defense reads the settings and makes the objective.
public struct GroupRobustness: Defense, Configurable {
  public static let name = "group-robustness"
  public static let summary = "larger weights for groups with larger losses (Sagawa et al. 2020)"
  public static let settings: [Setting<Self>] = [
    .double("rate", \.rate, "how fast the weights of the groups change")
  ]
  public var rate = 0.01

  public init() {}
  public init(_ settings: Settings) throws { try read(settings) }

  public var needs: Set<AnnotationKind> { [.groups] }

  public func objective(_ preparation: Preparation) throws -> any Objective {
    let largest = preparation.data.annotations.groups?.max().scalar ?? 0
    return GroupLoss(groups: Int(largest) + 1, rate: rate)
  }
}

/// Σ_g q_g · CE_g, where CE_g is the mean cross-entropy of the batch's examples in group g. Before
/// each step, q_g is multiplied by exp(rate · CE_g), and all q are divided by their sum.
final class GroupLoss: Objective, @unchecked Sendable {
  private let rate: Double
  /// q, float32 `[G]`, with the sum 1.
  private var weights: Tensor

  init(groups: Int, rate: Double) {
    self.rate = rate
    weights = Tensor.ones([groups]) / Double(groups)
  }

  var needs: Set<AnnotationKind> { [.groups] }

  func terms(_ step: TrainingStep) -> [LossTerm] {
    // losses [N, 1]; isMember [N, G], 1 where an example is in a group; means, weights [G]
    guard let groups = step.batch.annotations.groups else {
      preconditionFailure("the data have no groups, although the objective needs them")
    }
    let losses = step.logits.crossEntropy(step.labels).reshaped([-1, 1])
    let isMember = groups.oneHot(classes: weights.count)
    // The mean of a group that is not in the batch is 0, so its weight does not grow.
    let means = (losses * isMember).sum([0]) / isMember.sum([0]).maximum(1)
    let grown = weights.to(means.device) * (means.detached * rate).exponential
    weights = grown / grown.sum()
    return [LossTerm("groups", (weights * means).sum(), logits: step.logits)]
  }

  var state: [String: Tensor] { ["weights": weights] }

  func restore(_ state: [String: Tensor]) throws {
    guard let saved = state["weights"], saved.shape == weights.shape else {
      throw Failure.badData("expected the weights of \(weights.count) groups in the checkpoint")
    }
    weights = saved
  }
}
