import Attacks
import ModelCore
import Support

/// Fast adversarial training: training on adversarial examples of one step from a random start.
///
///     loss = CE(y, f(X′)), with X′ = project(X₀ + step·ε·sign ∇CE(y, f(X₀)))
///     and X₀ = X + u, u uniform in [−ε, ε]
///
/// X₀ is not clipped to the valid pixels, as in the published code; only X′ is. A clipped start
/// would leave half of the black and of the white pixels where they are. On MNIST, where most
/// pixels are black, the network then soon withstands one-step attacks only.
///
/// It uses true labels and no clean images. It needs only one more forward and backward pass for
/// each batch than plain training; use it where training with iterated attacks is too slow. With a
/// step much longer than ε, or with too many epochs, the network can become robust against one-step
/// attacks only, which is known as catastrophic overfitting. `robustValidation` shows it during the
/// training. With `warmup`, ε grows linearly from 0 to its value during the first epochs. Source:
/// E. Wong, L. Rice and J. Z. Kolter (2020), and their published code.
public struct FastAdversarialTraining: Defense, Objective, Configurable {
  public static let name = "fast-adversarial-training"
  public static let summary =
    "training on one-step adversarial examples from a random start (Wong et al. 2020)"
  public var epsilon: Double
  /// The step size in units of ε.
  public var step: Double
  /// The number of epochs during which ε grows; nil for the whole ε from the start.
  public var warmup: Double?

  public init(epsilon: Double = 0.3, step: Double = 1.25, warmup: Double? = nil) {
    self.epsilon = epsilon
    self.step = step
    self.warmup = warmup
  }

  public static let settings: [Setting<FastAdversarialTraining>] = [
    .double("epsilon", \.epsilon, "budget ε in pixel units"),
    .double("step", \.step, in: 0...1e3, "step size in units of epsilon"), .warmup(\.warmup),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func checkBudget(in valueRange: ClosedRange<Double>, features: Int) throws {
    try Norm.linf.check(budget: epsilon, of: Self.name, in: valueRange, features: features)
  }

  public var readsCleanLogits: Bool { false }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let logits = step.forward(examples(step), "adversarial examples")
    return [.crossEntropy(logits, step.labels, name: "adversarial")]
  }

  /// X′ in the shape of the images. No gradient flows through it.
  private func examples(_ step: TrainingStep) -> Tensor {
    // images, noise, start, gradient [N, …]
    let budget = epsilon * step.progress.warmup(over: warmup)
    let threat = ThreatModel(.linf, epsilon: budget, valueRange: step.network.valueRange)
    let shape = Array(step.images.shape.dropFirst())
    let noise = step.draws("random start").uniform(shape, in: -1..<1)
    let start = step.images + noise * budget
    let attacked = step.network.behaving(step.pass.withoutUpdates.purpose("inner attack"))
    let gradient = attacked.inputGradient(at: start) { $0.crossEntropy(step.labels) }
    return threat.project(
      start + threat.step(gradient, size: self.step * budget), around: step.images)
  }
}
