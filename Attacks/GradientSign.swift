import ModelCore
import Support

/// The fast gradient sign method: X' = clip(X + ε·sign ∇ₓH(y, ŷ)), one step of the largest allowed
/// size in every pixel.
///
/// Where the gradient is zero a pixel stays as it is: sign(0) = 0. Goodfellow, Shlens & Szegedy,
/// 2015.
public struct FastGradientSign: OneDirectionAttack {
  public static let name = "fgsm"
  public static let title = "fast gradient sign method"
  public static let summary =
    "one step of ε in every pixel, away from the label (Goodfellow et al. 2015)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let gradient: AttackGradient

  public init(_ gradient: AttackGradient = AttackGradient()) { self.gradient = gradient }
  public init(_ settings: Settings) throws { self.init(try AttackGradient(settings, steps: 1)) }
  public var parameters: [String: String] { gradient.parameters }

  public func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, random: RandomSource
  ) -> Tensor {
    gradient.estimate(
      goal, within: threat(0, against: classifier), against: classifier, random: random)(images)
      .sign
  }
}

/// The targeted gradient sign method: X' = clip(X − ε·sign ∇ₓH(t, ŷ)) towards a target t, by
/// default (y + 1) mod K. Kurakin, Goodfellow & Bengio, 2016; the default target is A. Ross', 2018.
public struct TargetedGradientSign: OneDirectionAttack {
  public static let name = "tgsm"
  public static let title = "targeted gradient sign method"
  public static let summary =
    "one step of ε in every pixel, towards a target class (Kurakin et al. 2016)"
  public static let defaultGoal = GoalRule.next
  public let norm = Norm.linf
  private let step: FastGradientSign

  public init(_ gradient: AttackGradient = AttackGradient()) { step = FastGradientSign(gradient) }
  public init(_ settings: Settings) throws { step = try FastGradientSign(settings) }
  public var parameters: [String: String] { step.parameters }

  public func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, random: RandomSource
  ) -> Tensor {
    step.direction(images, goal, against: classifier, random: random)
  }
}
