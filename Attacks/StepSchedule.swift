import ModelCore
import Support

/// How many steps an iterated attack takes and how long they are.
public struct StepSchedule: Configurable {
  public var steps: Int
  /// The length of a step in pixel units; nil: `relative`·ε / steps.
  public var alpha: Double?
  /// The sum of all steps' lengths in units of ε, where `alpha` does not say the length.
  public let relative: Double

  public init(steps: Int, alpha: Double? = nil, relative: Double = 1) {
    self.steps = steps
    self.alpha = alpha
    self.relative = relative
  }

  public static let settings: [Setting<StepSchedule>] = [
    .int("steps", \.steps, in: 1...100_000, "steps taken"),
    Setting { root, settings in
      let meaning = "length of a step in pixel units; else \(root.relative)·ε / steps"
      root.alpha = try settings.optionalDouble("alpha", in: 0...1e6, meaning) ?? root.alpha
    } values: {
      $0.alpha.map { [("alpha", "\($0)")] } ?? []
    },
  ]

  /// The length of a step for a budget.
  public func size(_ epsilon: Double) -> Double { alpha ?? relative * epsilon / Double(steps) }

  /// Steps of this schedule along a gradient.
  func ascent(along gradient: AttackGradient) -> GradientAscent {
    let schedule = self
    var ascent = GradientAscent(steps: steps) { schedule.size($0) }
    ascent.gradient = gradient
    return ascent
  }
}
