import Attacks
import Support

/// Fast adversarial training: training on adversarial examples of one step from a random start.
///
///     loss = CE(y, f(X′)), with X′ = project(X₀ + step·ε·sign ∇L(X₀)) and X₀ uniform within ε of X
///
/// It uses true labels and no clean images. It needs only one more forward and backward pass for
/// each batch than plain training; use it where training with iterated attacks is too slow. With a
/// step much longer than ε, or with too many epochs, the network can become robust against one-step
/// attacks only. Evaluate it with iterated attacks. Source: E. Wong, L. Rice and J. Z. Kolter
/// (2020).
public struct FastAdversarialTraining: Defense, Configurable {
  public static let name = "fastAdversarialTraining"
  public static let summary =
    "training on one-step adversarial examples from a random start (Wong et al. 2020)"
  public var epsilon: Double
  /// The step size in units of ε.
  public var step: Double

  public init(epsilon: Double = 0.3, step: Double = 1.25) {
    self.epsilon = epsilon
    self.step = step
  }

  public static let settings: [Setting<FastAdversarialTraining>] = [
    .double("epsilon", \.epsilon, "budget ε in pixel units"),
    .double("step", \.step, in: 0...1e3, "step size in units of epsilon"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var budget: (norm: Norm, epsilon: Double)? { (.linf, epsilon) }

  public func objective(_ preparation: Preparation) -> any Objective {
    let attack = ProjectedGradientDescent(StepSchedule(steps: 1, relative: step))
    return AdversarialTraining(
      InnerAttack(attack, epsilon: epsilon, labels: .true), clean: 0)
  }
}
