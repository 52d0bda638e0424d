import ModelCore
import Support

/// The fast gradient sign method after a random step (R+FGSM): a step along random signs, and from
/// there a step along the sign of the gradient, which together use the whole budget.
///
///     x = clip(X + α·s) with random signs s,  X′ = clip(x + (ε − α)·sign ∇ₓL(x)),  α = share·ε
///
/// A model can learn to have a misleading gradient at the images themselves, so that a single step
/// from there fails. The random step leaves such a place. Use it as a fast test of models that were
/// trained on examples of one step; if it succeeds more often than `fgsm`, the model masks its
/// gradient. Source: F. Tramèr et al. (2018), with their α = ε / 2.
public struct RandomFastGradientSign: GradientAttack, Configurable {
  public static let name = "rfgsm"
  public static let title = "random step and fast gradient sign method"
  public static let summary =
    "a step along random signs, then a step along the gradient's (R+FGSM, Tramèr et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  /// α / ε, the part of the budget that the random step uses.
  public var share: Double
  public var gradient: AttackGradient

  public init(share: Double = 0.5, _ gradient: AttackGradient = AttackGradient()) {
    self.share = share
    self.gradient = gradient
  }

  public static let settings: [Setting<RandomFastGradientSign>] = [
    .double("share", \.share, in: 0...1, "share of the budget that the random step uses"),
    .group(\.gradient, only: AttackGradient.settingsOfOneStep),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    // images, signs, start, ascent [N, …]
    let signs = draws.purpose("signs").signs(Array(images.shape.dropFirst()))
    let random = goal.region.limited(signs) * (share * threat.epsilon)
    let start = (images + random).clamped(to: threat.valueRange)
    let estimate = gradient.estimate(goal, within: threat, against: classifier)
    let ascent = goal.region.limited(estimate(start, draws.purpose("step")))
    return threat.project(
      start + threat.step(ascent, size: (1 - share) * threat.epsilon), around: images)
  }
}
