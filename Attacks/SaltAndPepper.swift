import ModelCore
import Support

/// Salt-and-pepper noise: a random share of the features of an image is set to the smallest or the
/// largest valid pixel, each with the same probability.
///
/// Each channel of a pixel is a feature. The budget is the share, from 0 to 1: at most ⌊budget·D⌋
/// of the D features change. The attack uses neither model nor labels. Use it as a control for
/// attacks that change few features, such as `jsma`.
public struct SaltAndPepper: Attack, Configurable {
  public static let name = "salt-and-pepper"
  public static let title = "salt-and-pepper noise"
  public static let summary = "a share ε of the features set to black or white at random: a control"
  public static let isControl = true
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l0

  public init() {}
  public static let settings: [Setting<SaltAndPepper>] = []

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    // In floating point 0.29·100 is 28.999…; 29 features are meant.
    let features = (min(budget, 1) * Double(classifier.inputShape.count) + 1e-6).rounded(.down)
    return ThreatModel(norm, epsilon: features, valueRange: classifier.valueRange)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    // images [N, …]; flat, ranks [N, D]; features (their indices), values [N, changed]. The places
    // of the largest among D random numbers are a random choice without repetition. In a region,
    // the other features have the rank 0 and come last.
    let flat = images.flattened
    let changed = min(Int(threat.epsilon), flat.shape[1])
    guard changed > 0 else { return images }
    let numbers = draws.purpose("places").uniform(Array(images.shape.dropFirst()))
    let ranks = goal.region.limited(numbers).flattened
    let features = ranks.topK(changed, 1).indices
    let (low, high) = (threat.valueRange.lowerBound, threat.valueRange.upperBound)
    let isSalt = (draws.purpose("colours").signs([changed]) + 1) / 2
    let values = (isSalt * (high - low) + low).clamped(to: threat.valueRange)
    let noisy = flat.scattering(1, features, values).reshaped(images.shape)
    return goal.region.limited(noisy, around: images)
  }
}
