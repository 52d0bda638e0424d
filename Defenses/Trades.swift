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
public struct Trades: Defense, Penalty {
  public static let name = "trades"
  public static let summary =
    "a penalty on how much predictions differ within a budget (Zhang et al. 2019)"
  public let epsilon: Double
  public let beta: Double
  public let steps: Int
  /// The length of a step in pixel units; nil: 2.5·ε / steps.
  public let alpha: Double?

  public init(epsilon: Double = 0.3, beta: Double = 6, steps: Int = 10, alpha: Double? = nil) {
    self.epsilon = epsilon
    self.beta = beta
    self.steps = steps
    self.alpha = alpha
  }

  public init(_ settings: Settings) throws {
    epsilon = try settings.double("epsilon", default: 0.3, "the budget, in pixel units")
    beta = try settings.double("beta", default: 6, "the divergence's weight")
    steps = try settings.int("steps", default: 10, in: 1...10_000, "steps of the attack inside")
    alpha = try settings.optionalDouble(
      "alpha", "length of a step in pixel units; else 2.5·ε / steps")
  }

  public var parameters: [(name: String, value: String)] {
    [("epsilon", "\(epsilon)"), ("beta", "\(beta)"), ("steps", "\(steps)")]
      + (alpha.map { [("alpha", "\($0)")] } ?? [])
  }

  public func penalties(_ step: TrainingStep) -> [LossTerm] {
    let clean = step.logits.logSoftmax()
    let moved = step.forward(examples(step)).logSoftmax()
    return [LossTerm("divergence", weight: beta, Self.divergence(clean, moved).mean())]
  }

  /// KL(p ‖ q) of each row from logarithms of probabilities `[N, K]`, `[N]`.
  static func divergence(_ p: Tensor, _ q: Tensor) -> Tensor { (p.exponential * (p - q)).sum([1]) }

  /// X′ `[N, C, H, W]` without a history.
  private func examples(_ step: TrainingStep) -> Tensor {
    let network = step.network
    let threat = ThreatModel(.linf, epsilon: epsilon, valueRange: network.valueRange)
    let clean = withoutGradients { network.logits(step.images).logSoftmax() }
    let noise = step.random.normal(step.images.shape) * 0.001
    var x = (step.images + noise).clamped(to: threat.valueRange)
    for _ in 0..<steps {
      let gradient = network.inputGradient(at: x) { Self.divergence(clean, $0.logSoftmax()).sum() }
      let raised = x + threat.step(gradient, size: alpha ?? 2.5 * epsilon / Double(steps))
      x = threat.project(raised, around: step.images)
    }
    return x
  }
}
