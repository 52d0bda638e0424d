import ModelCore
import Support

/// Sign noise: X′ = clip(X + ε·s), with each sign s −1 or 1 at random.
///
/// It uses neither model nor labels. Use it as a control for FGSM: both change each pixel by ε, and
/// FGSM is better only if the signs of its gradient carry information.
public struct SignNoise: Attack, Configurable {
  public static let name = "sign-noise"
  public static let title = "random sign noise"
  public static let summary =
    "ε added to or subtracted from each pixel at random: a control for other attacks"
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
    let signs = goal.region.limited(draws.signs(Array(images.shape.dropFirst())))
    return (images + signs * threat.epsilon).clamped(to: threat.valueRange)
  }
}
