import ModelCore
import Support

/// The momentum iterative method (MI-FGSM): BIM along an accumulated gradient v.
///
///     v ← μ·v + g / mean|g|,  x ← project(x + α·sign v),  with g = ∇ₓL(x)
///
/// The momentum evens out the steps, and the examples transfer better to other models; use it for
/// black-box attacks from a source model. Source: Y. Dong et al. (2018). They divide g by its ℓ1
/// norm, which is the mean of |g| times the number of pixels. Their v is therefore smaller by a
/// constant factor, and has the same sign.
public struct MomentumIterativeMethod: AscentAttack, Configurable {
  public static let name = "mifgsm"
  public static let title = "momentum iterative fast gradient sign method"
  public static let summary =
    "BIM with momentum, which transfers better (Dong et al. 2018)"
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
      "decay", \.decay, in: 0...10, "decay factor μ of the accumulated gradient"),
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

/// The Nesterov iterative method (NI-FGSM): the momentum method, with the gradient taken at x +
/// μ·α·v, the point to which the momentum leads.
///
/// v is accumulated as in the momentum method above. Use it like that method, for black-box attacks
/// from a source model. Source: J. Lin et al. (2020).
public struct NesterovIterativeMethod: AscentAttack, Configurable {
  public static let name = "nifgsm"
  public static let title = "Nesterov iterative fast gradient sign method"
  public static let summary =
    "the momentum method with the gradient at the next point (Lin et al. 2020)"
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

  public var gradient: AttackGradient {
    get { method.gradient }
    set { method.gradient = newValue }
  }

  var ascent: GradientAscent {
    var ascent = method.ascent
    ascent.looksAhead = true
    return ascent
  }
}
