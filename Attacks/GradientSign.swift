import ModelCore
import Support

/// The fast gradient sign method (FGSM): one step of size ε in each pixel, along the sign of the
/// gradient of the loss L.
///
///     X′ = clip(X + ε·sign ∇ₓL(X))
///
/// A pixel whose gradient is zero is unchanged, since sign(0) = 0. Use it as a fast first test, and
/// within adversarial training; an iterated attack such as PGD is stronger. Source: I. Goodfellow,
/// J. Shlens and C. Szegedy (2015).
public struct FastGradientSign: OneDirectionAttack, GradientAttack, Configurable {
  public static let name = "fgsm"
  public static let title = "fast gradient sign method"
  public static let summary =
    "one step of size ε in each pixel, away from the label (Goodfellow et al. 2015)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var gradient: AttackGradient

  public init(_ gradient: AttackGradient = AttackGradient()) { self.gradient = gradient }

  public static let settings: [Setting<FastGradientSign>] = [
    .group(\.gradient, only: AttackGradient.settingsOfOneStep)
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var singleStepLoss: AttackLoss? { gradient.isPlain ? gradient.loss : nil }

  public func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor {
    let threat = threat(0, against: classifier)
    let estimate = gradient.estimate(goal, within: threat, against: classifier)
    return goal.region.limited(estimate(images, draws)).sign
  }
}

/// The targeted gradient sign method (TGSM): one step of size ε towards a target class t.
///
///     X′ = clip(X − ε·sign ∇ₓH(t, f(X))), with H the cross-entropy and f the model's probabilities
///
/// The default target is t = (y + 1) mod K. Use it to see how well a single step reaches a given
/// class. Source: A. Kurakin, I. Goodfellow and S. Bengio (2016). The default target is that of A.
/// Ross, "Training Machine Learning Models by Regularizing their Explanations" (2018).
public struct TargetedGradientSign: OneDirectionAttack, GradientAttack, Configurable {
  public static let name = "tgsm"
  public static let title = "targeted gradient sign method"
  public static let summary =
    "one step of size ε in each pixel, towards a target class (Kurakin et al. 2016)"
  public static let defaultGoal = GoalRule.next
  public let norm = Norm.linf
  private var step: FastGradientSign

  public init(_ gradient: AttackGradient = AttackGradient()) { step = FastGradientSign(gradient) }

  public static let settings: [Setting<TargetedGradientSign>] = [.group(\.step)]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var gradient: AttackGradient {
    get { step.gradient }
    set { step.gradient = newValue }
  }

  public func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor {
    step.direction(images, goal, against: classifier, draws: draws)
  }
}
