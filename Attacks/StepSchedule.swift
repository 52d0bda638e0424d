import Foundation
import ModelCore
import Support

/// The number of steps of an iterated attack, and their length.
public struct StepSchedule: Configurable {
  public var steps: Int
  /// α, the length of a step in units of pixel values; nil for `relative`·ε / steps.
  public var alpha: Double?
  /// The sum of all step lengths in units of ε, used where `alpha` is nil.
  public let relative: Double

  public init(steps: Int, alpha: Double? = nil, relative: Double = 1) {
    self.steps = steps
    self.alpha = alpha
    self.relative = relative
  }

  public static let settings: [Setting<StepSchedule>] = [
    .int("steps", \.steps, in: 1...100_000, "number of steps"),
    Setting { root, settings in
      let meaning = "step size in pixel units; if not given, \(root.relative)·ε / steps"
      root.alpha = try settings.optionalDouble("alpha", in: 0...1e6, meaning) ?? root.alpha
    } values: {
      $0.alpha.map { [("alpha", "\($0)")] } ?? []
    },
  ]

  /// The length of a step for a budget, in units of pixel values.
  public func size(_ epsilon: Double) -> Double { alpha ?? relative * epsilon / Double(steps) }

  /// A factor that falls from 1 at the first step towards 0 along half a cosine wave:
  /// (1 + cos(π·step / steps)) / 2.
  static func cosine(_ step: Int, of steps: Int) -> Double {
    (1 + cos(.pi * Double(step) / Double(steps))) / 2
  }

  /// A gradient ascent with this schedule.
  func ascent(along gradient: AttackGradient) -> GradientAscent {
    let schedule = self
    var ascent = GradientAscent(steps: steps) { schedule.size($0) }
    ascent.gradient = gradient
    return ascent
  }
}
