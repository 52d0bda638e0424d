import ModelCore
import Support

/// An attack that is a `GradientAscent` with its own values.
protocol AscentAttack: Attack {
  var ascent: GradientAscent { get }
}

extension AscentAttack {
  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier, random: RandomSource
  ) -> Tensor {
    ascent.run(images, goal, within: threat, against: classifier, random: random)
  }
}

/// FGSM repeated with a step of ε each time, clipped to valid pixels only: no projection, so that after n steps a pixel may
/// have moved by n·ε. The form of A. Ross, 2018.
public struct IteratedFastGradientSign: AscentAttack {
  public static let name = "ifgsm"
  public static let title = "iterated fast gradient sign method"
  public static let summary = "FGSM repeated with steps of ε, not projected (Ross 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let steps: Int

  public init(steps: Int = 5) { self.steps = steps }

  public init(_ settings: Settings) throws {
    steps = try settings.int("steps", default: 5, in: 1...10_000, "steps taken, each of size ε")
  }

  public var parameters: [String: String] { ["steps": "\(steps)"] }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    ThreatModel(norm, epsilon: budget * Double(steps), valueRange: classifier.valueRange)
  }

  var ascent: GradientAscent {
    let steps = steps
    var ascent = GradientAscent(steps: steps) { $0 / Double(steps) }
    ascent.projects = false
    return ascent
  }
}

/// TGSM repeated with a step of ε each time towards the target, not projected. The form of A. Ross, 2018.
public struct IteratedTargetedGradientSign: AscentAttack {
  public static let name = "itgsm"
  public static let title = "iterated targeted gradient sign method"
  public static let summary = "TGSM repeated with steps of ε, not projected (Ross 2018)"
  public static let defaultGoal = GoalRule.next
  public let norm = Norm.linf
  private let untargeted: IteratedFastGradientSign

  public init(steps: Int = 10) { untargeted = IteratedFastGradientSign(steps: steps) }

  public init(_ settings: Settings) throws {
    self.init(steps: try settings.int("steps", default: 10, in: 1...10_000, "steps taken, each of size ε"))
  }

  public var parameters: [String: String] { untargeted.parameters }
  var ascent: GradientAscent { untargeted.ascent }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    untargeted.threat(budget, against: classifier)
  }
}

/// The basic iterative method: steps of α along the gradient's sign, projected into the ball after each.
/// Kurakin, Goodfellow & Bengio, 2016.
public struct BasicIterativeMethod: AscentAttack {
  public static let name = "bim"
  public static let title = "basic iterative method"
  public static let summary = "steps of α along the gradient's sign, projected into the ball (Kurakin et al. 2016)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let pace: Pace

  public init(_ pace: Pace = Pace(steps: 10, relative: 1)) { self.pace = pace }
  public init(_ settings: Settings) throws { self.init(try Pace(settings, steps: 10, relative: 1)) }
  public var parameters: [String: String] { pace.parameters }
  var ascent: GradientAscent { pace.ascent }
}
