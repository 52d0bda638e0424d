import ModelCore
import Support

/// Projected gradient descent (PGD): steps of size α from a random point of the ball, each followed
/// by a projection into the ball.
///
///     x ← project(x + step(∇ₓL(x), α))
///
/// A step is α·sign(g) in ℓ∞, α·g / ‖g‖₂ in ℓ2 and α·g / ‖g‖₁ in ℓ1. Of all restarts, the best
/// result of each image is kept. Use it as the standard white-box attack; to confirm a result, use
/// `autoattack`, which has no step size to choose. Source: A. Madry et al. (2018).
public struct ProjectedGradientDescent: AscentAttack, Configurable {
  public static let name = "pgd"
  public static let title = "projected gradient descent"
  public static let summary =
    "projected gradient steps from random starts; ℓ∞, ℓ2 or ℓ1 (Madry et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  /// The point from which the steps start.
  public enum Start: String, Sendable, CaseIterable {
    /// A random point of the ball.
    case random
    /// The image itself.
    case original
  }

  public var norm: Norm
  public var schedule: StepSchedule
  public var start: Start
  public var restarts: Int
  public var gradient: AttackGradient

  public init(
    norm: Norm = .linf, _ schedule: StepSchedule = StepSchedule(steps: 40, relative: 2.5),
    start: Start = .random, restarts: Int = 1, _ gradient: AttackGradient = AttackGradient()
  ) {
    self.norm = norm
    self.schedule = schedule
    self.start = start
    self.restarts = restarts
    self.gradient = gradient
  }

  public static let settings: [Setting<ProjectedGradientDescent>] = [
    .norm(\.norm, of: [.linf, .l2, .l1]), .group(\.schedule),
    .choice("start", \.start, "where the steps start"),
    .int("restarts", \.restarts, in: 1...10_000, "number of starts"), .group(\.gradient),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  var ascent: GradientAscent {
    var ascent = schedule.ascent(along: gradient)
    ascent.startsRandomly = start == .random
    ascent.restarts = restarts
    return ascent
  }
}

extension Setting {
  /// The setting `norm`: one of the norms that an attack or a certificate is defined for.
  package static func norm(
    _ path: WritableKeyPath<Root, Norm> & Sendable, of known: [Norm]
  ) -> Setting {
    .choice("norm", path, of: known, "norm of the perturbation")
  }
}
