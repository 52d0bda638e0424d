import ModelCore
import Support

/// Every pixel moved by ε up or down: X' = clip(X + ε·s), s uniform in {−1, 1}. A control that
/// knows neither model nor labels: an FGSM step whose gradient says nothing is at best as good.
public struct SignNoise: Attack {
  public static let name = "sign-noise"
  public static let title = "random sign noise"
  public static let summary =
    "every pixel moved by ε up or down at random: a control that real attacks must beat"
  public static let isControl = true
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf

  public init() {}
  public init(_ settings: Settings) {}

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    (images + random.signs(images.shape) * threat.epsilon).clamped(to: threat.valueRange)
  }
}

extension RandomSource {
  /// −1 or 1, each as likely, and never 0 as the sign of a random number may be.
  func signs(_ shape: [Int]) -> Tensor { uniform(shape).isAtLeast(0.5).to(.float32) * 2 - 1 }
}
