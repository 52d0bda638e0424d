import ModelCore
import Support

/// An attack that is a `GradientAscent` with its own values.
protocol AscentAttack: Attack {
  var ascent: GradientAscent { get }
}

extension AscentAttack {
  public static var hasFrames: Bool { true }
  public var needsPictures: Bool { ascent.gradient.needsPictures }

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
    // The draws of a sweep at this budget, so that the last frame is the sweep's result.
    let own = draws.purpose("epsilon \(epsilon)")
    return [images]
      + ascent.path(images, goal, within: threat, against: classifier, draws: own)
  }
}

/// FGSM repeated with a step of ε each time, clipped to valid pixels only: no projection, so that
/// after n steps a pixel may have moved by n·ε. The form of A. Ross, 2018.
public struct IteratedFastGradientSign: AscentAttack, Configurable {
  public static let name = "ifgsm"
  public static let title = "iterated fast gradient sign method"
  public static let summary = "FGSM repeated with steps of ε, not projected (Ross 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var steps: Int
  public var gradient: AttackGradient

  public init(steps: Int = 5, _ gradient: AttackGradient = AttackGradient()) {
    self.steps = steps
    self.gradient = gradient
  }

  public static let settings: [Setting<IteratedFastGradientSign>] = [
    .int("steps", \.steps, in: 1...10_000, "steps taken, each of size ε"), .group(\.gradient),
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

/// TGSM repeated with a step of ε each time towards the target, not projected. The form of A. Ross,
/// 2018.
public struct IteratedTargetedGradientSign: AscentAttack, Configurable {
  public static let name = "itgsm"
  public static let title = "iterated targeted gradient sign method"
  public static let summary = "TGSM repeated with steps of ε, not projected (Ross 2018)"
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

  var ascent: GradientAscent { untargeted.ascent }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    untargeted.threat(budget, against: classifier)
  }
}

/// The basic iterative method: steps of α along the gradient's sign, projected into the ball after
/// each. Kurakin, Goodfellow & Bengio, 2016.
public struct BasicIterativeMethod: AscentAttack, Configurable {
  public static let name = "bim"
  public static let title = "basic iterative method"
  public static let summary =
    "steps of α along the gradient's sign, projected into the ball (Kurakin et al. 2016)"
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
