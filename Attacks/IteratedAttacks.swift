import ModelCore
import Support

/// An attack that follows an `AttackGradient`.
protocol GradientAttack: Attack {
  var gradient: AttackGradient { get set }
}

extension GradientAttack {
  public var views: [any GradientView] {
    get { gradient.views }
    set { gradient.views = newValue }
  }
}

/// An attack that is a `GradientAscent`.
protocol AscentAttack: GradientAttack {
  var ascent: GradientAscent { get }
}

extension AscentAttack {
  public static var hasFrames: Bool { true }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    ascent.run(images, goal, within: threat, against: classifier, draws: draws)
  }

  public func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor]? {
    let threat = threat(epsilon, against: classifier)
    return [images]
      + ascent.path(images, goal, within: threat, against: classifier, draws: draws)
  }
}

/// FGSM repeated, with a step of size ε each time and without projection.
///
///     x ← clip(x + ε·sign ∇ₓL(x)), n times
///
/// A pixel may therefore change by up to n·ε, and the threat model of a budget ε is the ball of
/// radius n·ε. Use it to compare with published results in this form; `bim` is the form whose
/// perturbation stays within ε. Source: A. Ross, "Training Machine Learning Models by Regularizing
/// their Explanations" (2018).
public struct IteratedFastGradientSign: AscentAttack, Configurable {
  public static let name = "ifgsm"
  public static let title = "iterated fast gradient sign method"
  public static let summary = "FGSM repeated with steps of size ε, without projection (Ross 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var steps: Int
  public var gradient: AttackGradient

  public init(steps: Int = 5, _ gradient: AttackGradient = AttackGradient()) {
    self.steps = steps
    self.gradient = gradient
  }

  public static let settings: [Setting<IteratedFastGradientSign>] = [
    .int("steps", \.steps, in: 1...10_000, "number of steps, each of size ε"), .group(\.gradient),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    ThreatModel(norm, epsilon: budget * Double(steps), valueRange: classifier.valueRange)
  }

  var ascent: GradientAscent {
    let steps = steps
    var ascent = GradientAscent(steps: steps) { $0 / Double(steps) }
    ascent.gradient = gradient
    ascent.projects = false
    return ascent
  }
}

/// TGSM repeated towards the target, with a step of size ε each time and without projection.
///
///     x ← clip(x − ε·sign ∇ₓH(t, f(x))), n times
///
/// As with `ifgsm`, a pixel may change by up to n·ε. Use it to compare with published results in
/// this form. Source: A. Ross, "Training Machine Learning Models by Regularizing their
/// Explanations" (2018).
public struct IteratedTargetedGradientSign: AscentAttack, Configurable {
  public static let name = "itgsm"
  public static let title = "iterated targeted gradient sign method"
  public static let summary = "TGSM repeated with steps of size ε, without projection (Ross 2018)"
  public static let defaultGoal = GoalRule.next
  public let norm = Norm.linf
  private var untargeted: IteratedFastGradientSign

  public init(steps: Int = 10, _ gradient: AttackGradient = AttackGradient()) {
    untargeted = IteratedFastGradientSign(steps: steps, gradient)
  }

  public static let settings: [Setting<IteratedTargetedGradientSign>] = [.group(\.untargeted)]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var gradient: AttackGradient {
    get { untargeted.gradient }
    set { untargeted.gradient = newValue }
  }

  var ascent: GradientAscent { untargeted.ascent }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    untargeted.threat(budget, against: classifier)
  }
}

/// The basic iterative method (BIM): steps of size α along the sign of the gradient, each followed
/// by a projection into the ball.
///
///     x ← project(x + α·sign ∇ₓL(x)), starting at the image itself
///
/// Use it as a simple iterated attack without random numbers; PGD adds a random start. Source: A.
/// Kurakin, I. Goodfellow and S. Bengio (2016).
public struct BasicIterativeMethod: AscentAttack, Configurable {
  public static let name = "bim"
  public static let title = "basic iterative method"
  public static let summary =
    "steps of size α along the gradient's sign, with projection (Kurakin et al. 2016)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var schedule: StepSchedule
  public var gradient: AttackGradient

  public init(
    _ schedule: StepSchedule = StepSchedule(steps: 10),
    _ gradient: AttackGradient = AttackGradient()
  ) {
    self.schedule = schedule
    self.gradient = gradient
  }

  public static let settings: [Setting<BasicIterativeMethod>] = [
    .group(\.schedule), .group(\.gradient),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  var ascent: GradientAscent { schedule.ascent(along: gradient) }
}
