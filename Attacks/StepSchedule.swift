import ModelCore
import Support

/// How many steps an iterated attack takes and how long they are.
public struct StepSchedule: Sendable {
  public let steps: Int
  /// The length of a step in pixel units; nil: `relative`·ε / steps.
  public let alpha: Double?
  public let relative: Double

  public init(steps: Int, alpha: Double? = nil, relative: Double = 1) {
    self.steps = steps
    self.alpha = alpha
    self.relative = relative
  }

  /// Reads `steps` and `alpha`.
  init(_ settings: Settings, steps: Int, relative: Double) throws {
    self.steps = try settings.int("steps", default: steps, in: 1...100_000, "steps taken")
    self.relative = relative
    alpha = try settings.optionalDouble(
      "alpha", in: 0...1e6, "length of a step in pixel units; else \(relative)·ε / steps")
  }

  /// The length of a step for a budget.
  func size(_ epsilon: Double) -> Double { alpha ?? relative * epsilon / Double(steps) }

  var parameters: [String: String] {
    ["steps": "\(steps)"].merging(alpha.map { ["alpha": "\($0)"] } ?? [:]) { $1 }
  }

  /// Steps of this schedule along a gradient.
  func ascent(along gradient: AttackGradient) -> GradientAscent {
    let schedule = self
    var ascent = GradientAscent(steps: steps) { schedule.size($0) }
    ascent.gradient = gradient
    return ascent
  }
}
