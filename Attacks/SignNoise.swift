import ModelCore
import Support

/// Every pixel moved by ε up or down: X' = clip(X + ε·s), s uniform in {−1, 1}. A control that
/// knows neither model nor labels: an FGSM step whose gradient says nothing is at best as good.
public struct SignNoise: Attack, Configurable {
  public static let name = "sign-noise"
  public static let title = "random sign noise"
  public static let summary =
    "every pixel moved by ε up or down at random: a control that real attacks must beat"
  public static let isControl = true
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf

  public init() {}
  public static let settings: [Setting<SignNoise>] = []

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    (images + draws.signs(Array(images.shape.dropFirst())) * threat.epsilon).clamped(
      to: threat.valueRange)
  }
}
