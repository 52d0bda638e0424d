import ModelCore
import Support

/// The fast gradient sign method: X' = clip(X + ε·sign ∇ₓH(y, ŷ)), one step of the largest allowed size in every pixel.
///
/// Where the gradient is zero a pixel stays as it is: sign(0) = 0. Goodfellow, Shlens & Szegedy, 2015.
public struct FastGradientSign: OneDirectionAttack {
  public static let name = "fgsm"
  public static let title = "fast gradient sign method"
  public static let summary = "one step of ε in every pixel, away from the label (Goodfellow et al. 2015)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf

  public init() {}
  public init(_ settings: Settings) {}

  public func direction(_ images: Tensor, _ goal: Goal, against classifier: any Classifier) -> Tensor {
    classifier.inputGradient(at: images) { goal.gain($0) }.sign
  }
}

/// The targeted gradient sign method: X' = clip(X − ε·sign ∇ₓH(t, ŷ)) towards a target t, by default (y + 1) mod K.
/// Kurakin, Goodfellow & Bengio, 2016; the default target is A. Ross', 2018.
public struct TargetedGradientSign: OneDirectionAttack {
  public static let name = "tgsm"
  public static let title = "targeted gradient sign method"
  public static let summary = "one step of ε in every pixel, towards a target class (Kurakin et al. 2016)"
  public static let defaultGoal = GoalRule.next
  public let norm = Norm.linf

  public init() {}
  public init(_ settings: Settings) {}

  public func direction(_ images: Tensor, _ goal: Goal, against classifier: any Classifier) -> Tensor {
    FastGradientSign().direction(images, goal, against: classifier)
  }
}
