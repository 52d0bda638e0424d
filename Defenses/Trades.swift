import Attacks
import ModelCore
import Support

/// Training that trades accuracy for a smooth prediction: CE(y, f(X)) + β · mean_n KL(f(x_n) ‖
/// f(x′_n)).
///
/// X′ climbs that divergence in evaluation behaviour: from X with Gaussian noise of standard
/// deviation 0.001 (at X itself the divergence has no gradient), `steps` steps of α along the
/// gradient's sign, each projected onto the ℓ∞ ball. X′ is a constant; both sides of the divergence
/// learn. Zhang et al., 2019, and their published code.
public struct Trades: Defense, Objective, Configurable {
  public static let name = "trades"
  public static let summary =
    "a penalty on how much predictions differ within a budget (Zhang et al. 2019)"
  public var epsilon: Double
  /// β, the weight of the divergence.
  public var beta: Double
  public var schedule: StepSchedule

  public init(
    epsilon: Double = 0.3, beta: Double = 6,
    _ schedule: StepSchedule = StepSchedule(steps: 10, relative: 2.5)
  ) {
    self.epsilon = epsilon
    self.beta = beta
    self.schedule = schedule
  }

  public static let settings: [Setting<Trades>] = [
    .double("epsilon", \.epsilon, "the budget, in pixel units"),
    .double("beta", \.beta, "the divergence's weight"), .group(\.schedule),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let clean = step.logits.logSoftmax()
    let moved = step.forward(examples(step), "TRADES examples").logSoftmax()
    return [LossTerm("divergence", weight: beta, Self.divergence(clean, moved).mean())]
  }

  /// KL(p ‖ q) of each row from logarithms of probabilities `[N, K]`, `[N]`.
  static func divergence(_ p: Tensor, _ q: Tensor) -> Tensor { (p.exponential * (p - q)).sum([1]) }

  /// X′ in the images' shape, without a history.
  private func examples(_ step: TrainingStep) -> Tensor {
    let network = step.network
    let threat = ThreatModel(.linf, epsilon: epsilon, valueRange: network.valueRange)
    let clean = withoutGradients { network.logits(step.images).logSoftmax() }
    let noise = step.draws("TRADES start").normal(Array(step.images.shape.dropFirst())) * 0.001
    var x = (step.images + noise).clamped(to: threat.valueRange)
    for _ in 0..<schedule.steps {
      let gradient = network.inputGradient(at: x) { Self.divergence(clean, $0.logSoftmax()) }
      let raised = x + threat.step(gradient, size: schedule.size(epsilon))
      x = threat.project(raised, around: step.images)
    }
    return x
  }
}
