import ModelCore
import Support

/// Uniform noise: X′ = clip(X + r), with r uniform in the ball of radius ε, in ℓ∞ or ℓ2.
///
/// It uses neither model nor labels. Use it as a control: an attack that uses the model must do
/// better. In ℓ2, nearly all of the volume of a ball in many dimensions is near its surface, so for
/// images of many pixels ‖r‖ is nearly ε.
public struct UniformNoise: Attack, Configurable {
  public static let name = "uniform-noise"
  public static let title = "uniform random noise"
  public static let summary =
    "a random point of the ball, ℓ∞ or ℓ2: a control for other attacks"
  public static let isControl = true
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm

  public init(norm: Norm = .linf) { self.norm = norm }
  public static let settings: [Setting<UniformNoise>] = [
    .norm(\.norm, of: [.linf, .l2])
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    threat.randomStart(images, draws, in: goal.region)
  }
}
