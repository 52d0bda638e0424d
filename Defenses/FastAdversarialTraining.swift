import Attacks
import Support

/// Training on one-step adversarial examples from a random start: CE(y, f(X′)).
///
/// From a point drawn uniformly within ε, one step of `step`·ε along the sign of the gradient, then
/// projected; true labels and no clean images. A step much longer than ε, or too many epochs, can
/// end in a network that only one-step attacks fail on: judge it by iterated ones. Wong, Rice &
/// Kolter, 2020.
public struct FastAdversarialTraining: Defense {
  public static let name = "fastAdversarialTraining"
  public static let summary =
    "one step from a random start on every batch, no clean images (Wong et al. 2020)"
  public let epsilon: Double
  /// The length of the step in units of ε.
  public let step: Double

  public init(epsilon: Double = 0.3, step: Double = 1.25) {
    self.epsilon = epsilon
    self.step = step
  }

  public init(_ settings: Settings) throws {
    epsilon = try settings.double("epsilon", default: 0.3, "the budget, in pixel units")
    step = try settings.double(
      "step", default: 1.25, in: 0...1e3, "length of the step, in units of epsilon")
  }

  public var parameters: [(name: String, value: String)] {
    [("epsilon", "\(epsilon)"), ("step", "\(step)")]
  }

  public func objective(_ preparation: Preparation) -> any Objective {
    let attack = ProjectedGradientDescent(StepSchedule(steps: 1, relative: step))
    return AdversarialTraining(attack: attack, epsilon: epsilon, labels: .true, clean: 0)
  }
}
