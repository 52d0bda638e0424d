import ModelCore
import Support

/// A random point of the ball: X' = clip(X + r), r uniform among the perturbations of norm at most
/// ε. A control that knows neither model nor labels: a real attack must beat it.
///
/// In ℓ2 nearly all of the ball's volume is near its surface, so ‖r‖ is nearly ε for images of many
/// pixels.
public struct UniformNoise: Attack, Configurable {
  public static let name = "uniform-noise"
  public static let title = "uniform random noise"
  public static let summary =
    "a random point of the ball, ℓ∞ or ℓ2: a control that real attacks must beat"
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
    threat.randomStart(images, draws)
  }
}
