import ModelCore
import Support

/// An attack that is a `GradientAscent` with its own values.
protocol AscentAttack: Attack {
  var ascent: GradientAscent { get }
}

extension AscentAttack {
  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    ascent.run(images, goal, within: threat, against: classifier, random: random)
  }
}

/// FGSM repeated with a step of ε each time, clipped to valid pixels only: no projection, so that
/// after n steps a pixel may have moved by n·ε. The form of A. Ross, 2018.
public struct IteratedFastGradientSign: AscentAttack {
  public static let name = "ifgsm"
  public static let title = "iterated fast gradient sign method"
  public static let summary = "FGSM repeated with steps of ε, not projected (Ross 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let steps: Int
  public let gradient: AttackGradient

  public init(steps: Int = 5, _ gradient: AttackGradient = AttackGradient()) {
    self.steps = steps
    self.gradient = gradient
  }

  public init(_ settings: Settings) throws { try self.init(settings, steps: 5) }

  init(_ settings: Settings, steps: Int) throws {
    self.steps = try settings.int(
      "steps", default: steps, in: 1...10_000, "steps taken, each of size ε")
    gradient = try AttackGradient(settings, steps: self.steps)
  }

  public var parameters: [String: String] {
    gradient.parameters.merging(["steps": "\(steps)"]) { $1 }
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
public struct IteratedTargetedGradientSign: AscentAttack {
  public static let name = "itgsm"
  public static let title = "iterated targeted gradient sign method"
  public static let summary = "TGSM repeated with steps of ε, not projected (Ross 2018)"
  public static let defaultGoal = GoalRule.next
  public let norm = Norm.linf
  private let untargeted: IteratedFastGradientSign

  public init(steps: Int = 10, _ gradient: AttackGradient = AttackGradient()) {
    untargeted = IteratedFastGradientSign(steps: steps, gradient)
  }

  public init(_ settings: Settings) throws {
    untargeted = try IteratedFastGradientSign(settings, steps: 10)
  }

  public var parameters: [String: String] { untargeted.parameters }
  var ascent: GradientAscent { untargeted.ascent }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    untargeted.threat(budget, against: classifier)
  }
}

/// The basic iterative method: steps of α along the gradient's sign, projected into the ball after
/// each. Kurakin, Goodfellow & Bengio, 2016.
public struct BasicIterativeMethod: AscentAttack {
  public static let name = "bim"
  public static let title = "basic iterative method"
  public static let summary =
    "steps of α along the gradient's sign, projected into the ball (Kurakin et al. 2016)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let schedule: StepSchedule
  public let gradient: AttackGradient

  public init(
    _ schedule: StepSchedule = StepSchedule(steps: 10, relative: 1),
    _ gradient: AttackGradient = AttackGradient()
  ) {
    self.schedule = schedule
    self.gradient = gradient
  }

  public init(_ settings: Settings) throws {
    schedule = try StepSchedule(settings, steps: 10, relative: 1)
    gradient = try AttackGradient(settings, steps: schedule.steps)
  }

  public var parameters: [String: String] {
    schedule.parameters.merging(gradient.parameters) { $1 }
  }
  var ascent: GradientAscent { schedule.ascent(along: gradient) }
}
