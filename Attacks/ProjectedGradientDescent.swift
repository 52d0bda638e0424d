import ModelCore
import Support

/// Projected gradient descent: from a random point of the ball, steps of α, projected after each;
/// the worst of all restarts is kept for each image. Madry et al., 2018.
///
/// In ℓ∞ a step follows the gradient's sign, in ℓ2 and ℓ1 the gradient divided by its norm.
public struct ProjectedGradientDescent: AscentAttack {
  public static let name = "pgd"
  public static let title = "projected gradient descent"
  public static let summary =
    "random start, steps of α, projection, restarts; ℓ∞, ℓ2 or ℓ1 (Madry et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm: Norm
  public let schedule: StepSchedule
  public let startsRandomly: Bool
  public let restarts: Int
  public let gradient: AttackGradient

  public init(
    norm: Norm = .linf, _ schedule: StepSchedule = StepSchedule(steps: 40, relative: 2.5),
    startsRandomly: Bool = true,
    restarts: Int = 1,
    _ gradient: AttackGradient = AttackGradient()
  ) {
    self.norm = norm
    self.schedule = schedule
    self.startsRandomly = startsRandomly
    self.restarts = restarts
    self.gradient = gradient
  }

  public init(_ settings: Settings) throws {
    norm = try settings.norm(of: [.linf, .l2, .l1])
    schedule = try StepSchedule(settings, steps: 40, relative: 2.5)
    startsRandomly =
      try settings.choice(
        "start", of: ["random", "original"], default: "random", "where it begins") == "random"
    restarts = try settings.int("restarts", default: 1, in: 1...10_000, "how often it begins anew")
    gradient = try AttackGradient(settings, steps: schedule.steps)
  }

  public var parameters: [String: String] {
    let own = [
      "norm": norm.rawValue, "start": startsRandomly ? "random" : "original",
      "restarts": "\(restarts)",
    ]
    return schedule.parameters.merging(gradient.parameters) { $1 }.merging(own) { $1 }
  }

  var ascent: GradientAscent {
    var ascent = schedule.ascent(along: gradient)
    ascent.startsRandomly = startsRandomly
    ascent.restarts = restarts
    return ascent
  }
}

extension Settings {
  /// Reads `norm`.
  func norm(of known: [Norm]) throws -> Norm {
    let name = try choice(
      "norm", of: known.map(\.rawValue), default: known[0].rawValue,
      "how a perturbation is measured")
    return Norm(rawValue: name) ?? known[0]
  }
}
