import ModelCore
import Support

/// The fast gradient sign method: X' = clip(X + ε·sign ∇ₓH(y, ŷ)), one step of the largest allowed
/// size in every pixel.
///
/// Where the gradient is zero a pixel stays as it is: sign(0) = 0. Goodfellow, Shlens & Szegedy,
/// 2015.
public struct FastGradientSign: OneDirectionAttack, Configurable {
  public static let name = "fgsm"
  public static let title = "fast gradient sign method"
  public static let summary =
    "one step of ε in every pixel, away from the label (Goodfellow et al. 2015)"
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

  public var needsPictures: Bool { gradient.needsPictures }
  public var singleStepLoss: AttackLoss? { gradient.views.isEmpty ? gradient.loss : nil }

  public func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor {
    let threat = threat(0, against: classifier)
    return gradient.estimate(goal, within: threat, against: classifier)(images, draws).sign
  }
}

/// The targeted gradient sign method: X' = clip(X − ε·sign ∇ₓH(t, ŷ)) towards a target t, by
/// default (y + 1) mod K. Kurakin, Goodfellow & Bengio, 2016; the default target is A. Ross', 2018.
public struct TargetedGradientSign: OneDirectionAttack, Configurable {
  public static let name = "tgsm"
  public static let title = "targeted gradient sign method"
  public static let summary =
    "one step of ε in every pixel, towards a target class (Kurakin et al. 2016)"
  public static let defaultGoal = GoalRule.next
  public let norm = Norm.linf
  private var step: FastGradientSign

  public init(_ gradient: AttackGradient = AttackGradient()) { step = FastGradientSign(gradient) }

  public static let settings: [Setting<TargetedGradientSign>] = [.group(\.step)]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var needsPictures: Bool { step.needsPictures }

  public func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor {
    step.direction(images, goal, against: classifier, draws: draws)
  }
}
