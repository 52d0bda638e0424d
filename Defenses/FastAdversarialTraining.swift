import Attacks
import Support

/// Training on one-step adversarial examples from a random start: CE(y, f(X′)).
///
/// From a point drawn uniformly within ε, one step of `step`·ε along the sign of the gradient, then
/// projected; true labels and no clean images. A step much longer than ε, or too many epochs, can
/// end in a network that only one-step attacks fail on: judge it by iterated ones. Wong, Rice &
/// Kolter, 2020.
public struct FastAdversarialTraining: Defense, Configurable {
  public static let name = "fastAdversarialTraining"
  public static let summary =
    "one step from a random start on every batch, no clean images (Wong et al. 2020)"
  public var epsilon: Double
  /// The length of the step in units of ε.
  public var step: Double

  public init(epsilon: Double = 0.3, step: Double = 1.25) {
    self.epsilon = epsilon
    self.step = step
  }

  public static let settings: [Setting<FastAdversarialTraining>] = [
    .double("epsilon", \.epsilon, "the budget, in pixel units"),
    .double("step", \.step, in: 0...1e3, "length of the step, in units of epsilon"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func objective(_ preparation: Preparation) -> any Objective {
    let attack = ProjectedGradientDescent(StepSchedule(steps: 1, relative: step))
    return AdversarialTraining(
      InnerAttack(attack, epsilon: epsilon, labels: .true), clean: 0)
  }
}
