import Datasets
import ModelCore
import Support

/// Group distributionally robust optimisation (group DRO): the groups of the data count the more,
/// the larger their losses are.
///
///     loss = Σ_g q_g · CE_g
///
/// CE_g is the mean cross-entropy of the batch's examples in group g, and 0 if there are none. At
/// each step, before the loss is computed, q_g is multiplied by exp(η · (CE_g + C / √n_g)), and all
/// q are divided by their sum. n_g is the number of training examples in group g: with the size
/// adjustment C above 0, small groups, on which a network generalises worse, get larger weights. q
/// starts uniform, and checkpoints keep it.
///
/// Source: S. Sagawa, P. W. Koh, T. B. Hashimoto and P. Liang, "Distributionally Robust Neural
/// Networks for Group Shifts" (2020).
public struct GroupDRO: Defense, Configurable {
  public static let name = "group-dro"
  public static let summary = "larger weights for groups with larger losses (Sagawa et al. 2020)"
  /// η, how fast the weights of the groups change.
  public var stepSize: Double
  /// C, the size adjustment.
  public var adjustment: Double

  public init(stepSize: Double = 0.01, adjustment: Double = 0) {
    self.stepSize = stepSize
    self.adjustment = adjustment
  }

  public static let settings: [Setting<GroupDRO>] = [
    .double("stepSize", \.stepSize, in: 0...100, "how fast the weights of groups change, η"),
    .double("adjustment", \.adjustment, in: 0...1e6, "the size adjustment C of small groups"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var needs: Set<AnnotationKind> { [.groups] }

  public func objective(_ preparation: Preparation) throws -> any Objective {
    try preparation.data.check(has: needs)
    return WeightedGroups(self, counts: preparation.data.groupHistogram)
  }
}

/// The objective of group DRO, with the weights q of the groups as its state.
final class WeightedGroups: Objective, @unchecked Sendable {
  private let stepSize: Double
  /// C / √n_g, float32 `[G]`; 0 for a group without examples, whose loss is always 0.
  private let adjustments: Tensor
  /// q, float32 `[G]`, with the sum 1.
  private(set) var weights: Tensor

  /// - Parameter counts: n_g, the number of training examples of each group.
  init(_ settings: GroupDRO, counts: [Int]) {
    stepSize = settings.stepSize
    adjustments = Tensor(
      counts.map { $0 > 0 ? Float(settings.adjustment / Double($0).squareRoot()) : 0 },
      shape: [counts.count])
    weights = Tensor.ones([counts.count]) / Double(counts.count)
  }

  var needs: Set<AnnotationKind> { [.groups] }

  func terms(_ step: TrainingStep) -> [LossTerm] {
    let means = groupLosses(step)
    let grown =
      weights.to(means.device)
      * ((means.detached + adjustments.to(means.device)) * stepSize).exponential
    weights = grown / grown.sum()
    return [LossTerm("groups", (weights * means).sum(), logits: step.logits)]
  }

  /// CE_g of each group, `[G]`.
  func groupLosses(_ step: TrainingStep) -> Tensor {
    // losses [N, 1]; isMember [N, G], 1 where an example is in a group
    guard let groups = step.batch.annotations.groups else {
      preconditionFailure("the data have no groups, although the objective needs them")
    }
    let losses = step.logits.crossEntropy(step.labels).reshaped([-1, 1])
    let isMember = groups.oneHot(classes: weights.count)
    return (losses * isMember).sum([0]) / isMember.sum([0]).maximum(1)
  }

  var state: [String: Tensor] { ["weights": weights] }

  func restore(_ state: [String: Tensor]) throws {
    guard let stored = state["weights"], stored.shape == weights.shape, stored.type == weights.type
    else {
      throw Failure.badData(
        "expected the weights of \(weights.count) groups, found "
          + (state["weights"].map { "\($0.shape) of type \($0.type)" } ?? "none"))
    }
    weights = stored
  }
}

extension LabelledImages {
  /// The number of examples of each group, from group 0 to the last one that has examples.
  var groupHistogram: [Int] {
    (annotations.groups?.int64s() ?? []).reduce(into: []) { counts, group in
      let missing = Int(group) + 1 - counts.count
      if missing > 0 { counts += [Int](repeating: 0, count: missing) }
      counts[Int(group)] += 1
    }
  }
}
