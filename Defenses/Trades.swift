import Attacks
import ModelCore
import Support

/// TRADES: training that balances accuracy against predictions that stay the same in a
/// neighbourhood of each image.
///
///     loss = CE(y, f(X)) + β · mean over n of KL(f(xₙ) ‖ f(x′ₙ))
///
/// KL is the Kullback-Leibler divergence of the predicted distributions. X′ maximises it within the
/// ℓ∞ ball, with the network in evaluation behaviour. The search starts at X with Gaussian noise of
/// standard deviation 0.001. It takes `steps` steps of size α along the sign of the gradient, each
/// followed by a projection. The noise is needed because the divergence has its minimum at X, where
/// its gradient is zero. X′ is a constant in the loss, and both arguments of the divergence learn.
///
/// With `warmup`, ε grows linearly from 0 to its value during the first epochs.
///
/// Use it where adversarial training costs too much accuracy; β sets the balance. Source: H. Zhang
/// et al. (2019), and their published code.
public struct Trades: Defense, Objective, Configurable {
  public static let name = "trades"
  public static let summary =
    "a penalty on the change of predictions within a budget (Zhang et al. 2019)"
  public var epsilon: Double
  /// β, the weight of the divergence.
  public var beta: Double
  public var schedule: StepSchedule
  /// The number of epochs during which ε grows; nil for the whole ε from the start.
  public var warmup: Double?

  public init(
    epsilon: Double = 0.3, beta: Double = 6,
    _ schedule: StepSchedule = StepSchedule(steps: 10, relative: 2.5), warmup: Double? = nil
  ) {
    self.epsilon = epsilon
    self.beta = beta
    self.schedule = schedule
    self.warmup = warmup
  }

  public static let settings: [Setting<Trades>] = [
    .double("epsilon", \.epsilon, "budget ε in pixel units"),
    .double("beta", \.beta, "weight β of the divergence"), .group(\.schedule),
    .warmup(\.warmup),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }

  public func checkBudget(in valueRange: ClosedRange<Double>, features: Int) throws {
    try Norm.linf.check(budget: epsilon, of: Self.name, in: valueRange, features: features)
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let clean = step.logits.logSoftmax()
    let moved = step.forward(examples(step), "TRADES examples").logSoftmax()
    return [LossTerm("divergence", weight: beta, Self.divergence(clean, moved).mean())]
  }

  /// KL(p ‖ q) = Σ_k p_k·(log p_k − log q_k) for each row, `[N]`, from the logarithms of
  /// probabilities, `[N, K]`.
  static func divergence(_ p: Tensor, _ q: Tensor) -> Tensor { (p.exponential * (p - q)).sum([1]) }

  /// X′ in the shape of the images. No gradient flows through it.
  private func examples(_ step: TrainingStep) -> Tensor {
    // x, noise, gradient [N, …]; clean [N, K]
    let network = step.network
    let budget = epsilon * step.progress.warmup(over: warmup)
    let threat = ThreatModel(.linf, epsilon: budget, valueRange: network.valueRange)
    let clean = withoutGradients { network.logits(step.images).logSoftmax() }
    let noise = step.draws("TRADES start").normal(Array(step.images.shape.dropFirst())) * 0.001
    var x = (step.images + noise).clamped(to: threat.valueRange)
    for _ in 0..<schedule.steps {
      let gradient = network.inputGradient(at: x) { Self.divergence(clean, $0.logSoftmax()) }
      let raised = x + threat.step(gradient, size: schedule.size(budget))
      x = threat.project(raised, around: step.images)
    }
    return x
  }
}
