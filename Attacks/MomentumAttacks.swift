import ModelCore
import Support

/// The momentum iterative method: v ← μ·v + g / mean|g|, steps of α along sign v, projected. Dong
/// et al., 2018.
///
/// The gradient is divided by the mean of its magnitudes; dividing by their sum, as the paper
/// writes it, gives the same signs.
public struct MomentumIterativeMethod: AscentAttack {
  public static let name = "mifgsm"
  public static let title = "momentum iterative fast gradient sign method"
  public static let summary =
    "BIM along an accumulated gradient, which transfers better (Dong et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let schedule: StepSchedule
  public let decay: Double
  public let gradient: AttackGradient

  public init(
    _ schedule: StepSchedule = StepSchedule(steps: 10), decay: Double = 1,
    _ gradient: AttackGradient = AttackGradient()
  ) {
    self.schedule = schedule
    self.decay = decay
    self.gradient = gradient
  }

  public init(_ settings: Settings) throws {
    schedule = try StepSchedule(settings, steps: 10, relative: 1)
    decay = try settings.double(
      "decay", default: 1, in: 0...10, "share of the accumulated gradient kept at each step")
    gradient = try AttackGradient(settings, steps: schedule.steps)
  }

  public var parameters: [String: String] {
    schedule.parameters.merging(gradient.parameters) { $1 }.merging(["decay": "\(decay)"]) { $1 }
  }

  var ascent: GradientAscent {
    var ascent = schedule.ascent(along: gradient)
    ascent.momentum = decay
    return ascent
  }
}

/// The Nesterov form: the gradient is taken where the momentum would lead. Lin et al., 2020.
public struct NesterovIterativeMethod: AscentAttack {
  public static let name = "nifgsm"
  public static let title = "Nesterov iterative fast gradient sign method"
  public static let summary = "the momentum method with a look ahead (Lin et al. 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  private let method: MomentumIterativeMethod

  public init(
    _ schedule: StepSchedule = StepSchedule(steps: 10), decay: Double = 1,
    _ gradient: AttackGradient = AttackGradient()
  ) {
    method = MomentumIterativeMethod(schedule, decay: decay, gradient)
  }

  public init(_ settings: Settings) throws { method = try MomentumIterativeMethod(settings) }
  public var parameters: [String: String] { method.parameters }

  var ascent: GradientAscent {
    var ascent = method.ascent
    ascent.looksAhead = true
    return ascent
  }
}
