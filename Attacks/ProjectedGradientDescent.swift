import ModelCore
import Support

/// Projected gradient descent: from a random point of the ball, steps of α, projected after each;
/// the worst of all restarts is kept for each image. Madry et al., 2018.
///
/// In ℓ∞ a step follows the gradient's sign, in ℓ2 and ℓ1 the gradient divided by its norm.
public struct ProjectedGradientDescent: AscentAttack, Configurable {
  public static let name = "pgd"
  public static let title = "projected gradient descent"
  public static let summary =
    "random start, steps of α, projection, restarts; ℓ∞, ℓ2 or ℓ1 (Madry et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  /// Where a climb begins.
  public enum Start: String, Sendable, CaseIterable {
    /// At a random point of the ball.
    case random
    /// At the image itself.
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
    .choice("start", \.start, "where it begins"),
    .int("restarts", \.restarts, in: 1...10_000, "how often it begins anew"), .group(\.gradient),
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
  /// The setting `norm`: one of those that an attack is defined for.
  static func norm(_ path: WritableKeyPath<Root, Norm> & Sendable, of known: [Norm]) -> Setting {
    .choice("norm", path, of: known, "how a perturbation is measured")
  }
}
