import ModelCore
import Support

/// The momentum iterative method: v ← μ·v + g / mean|g|, steps of α along sign v, projected. Dong
/// et al., 2018.
///
/// The gradient is divided by the mean of its magnitudes; dividing by their sum, as the paper
/// writes it, gives the same signs.
public struct MomentumIterativeMethod: AscentAttack, Configurable {
  public static let name = "mifgsm"
  public static let title = "momentum iterative fast gradient sign method"
  public static let summary =
    "BIM along an accumulated gradient, which transfers better (Dong et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var schedule: StepSchedule
  public var decay: Double
  public var gradient: AttackGradient

  public init(
    _ schedule: StepSchedule = StepSchedule(steps: 10), decay: Double = 1,
    _ gradient: AttackGradient = AttackGradient()
  ) {
    self.schedule = schedule
    self.decay = decay
    self.gradient = gradient
  }

  public static let settings: [Setting<MomentumIterativeMethod>] = [
    .group(\.schedule),
    .double(
      "decay", \.decay, in: 0...10, "share of the accumulated gradient kept at each step"),
    .group(\.gradient),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  var ascent: GradientAscent {
    var ascent = schedule.ascent(along: gradient)
    ascent.momentum = decay
    return ascent
  }
}

/// The Nesterov form: the gradient is taken where the momentum would lead. Lin et al., 2020.
public struct NesterovIterativeMethod: AscentAttack, Configurable {
  public static let name = "nifgsm"
  public static let title = "Nesterov iterative fast gradient sign method"
  public static let summary = "the momentum method with a look ahead (Lin et al. 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  private var method: MomentumIterativeMethod

  public init(_ method: MomentumIterativeMethod = MomentumIterativeMethod()) {
    self.method = method
  }

  public static let settings: [Setting<NesterovIterativeMethod>] = [.group(\.method)]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  var ascent: GradientAscent {
    var ascent = method.ascent
    ascent.looksAhead = true
    return ascent
  }
}
