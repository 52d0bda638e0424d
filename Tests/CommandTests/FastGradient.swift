import ModelCore
import Support

@testable import Attacks

/// The fast gradient method: X' = clip(X + ε·g / ‖g‖₂) with g = ∇ₓ loss(X), one step of length ε
/// along the gradient. Goodfellow et al., 2015.
public struct FastGradient: OneDirectionAttack, Configurable {
  public static let name = "fgm"
  public static let title = "fast gradient method"
  public static let summary = "one step of length ε along the gradient (Goodfellow et al. 2015)"
  public static let defaultGoal = GoalRule.untargeted
  public static let settings: [Setting<Self>] = []
  public let norm = Norm.l2

  public init() {}
  public init(_ settings: Settings) throws { try read(settings) }

  public func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor {
    // images, gradient: pictures [N, C, H, W] or rows of a table [N, D]
    let gradient = classifier.inputGradient(at: images) { goal.loss($0) }
    return threat(1, against: classifier).step(goal.region.limited(gradient), size: 1)
  }
}
