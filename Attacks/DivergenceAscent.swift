import ModelCore
import Support

/// Projected gradient ascent on the divergence from the model's own prediction, the inner attack of
/// TRADES (T-PGD).
///
///     x ← project(x + α·sign ∇ₓ KL(f(X) ‖ f(x))),  KL(p ‖ q) = Σ_k p_k·(log p_k − log q_k)
///
/// f are the model's probabilities. The attack needs no labels: it leads away from whatever the
/// model predicts for the image. The divergence has its minimum at X, where its gradient is zero,
/// so the steps start at X with normal noise whose standard deviation is 0.001 of the width of the
/// pixel range. An image that is misclassified is led away from that class too, perhaps to its
/// label, so more images may be classified correctly than without the attack. Towards a target t,
/// all of the probability of f(X) is put on t, and the divergence is decreased. It is then the
/// cross-entropy −log f(x)[t].
///
/// Use it for images without labels, and to see how far predictions change at all within a budget.
/// Where labels are known, `pgd` finds at least as many mistakes. Source: H. Zhang et al. (2019),
/// with 10 steps as in their training; α is 2.5·ε / steps, as for `pgd`.
public struct DivergenceAscent: AscentAttack, Configurable {
  public static let name = "tpgd"
  public static let title = "projected gradient ascent on the divergence of TRADES"
  public static let summary =
    "steps away from the model's own prediction, without labels (T-PGD, Zhang et al. 2019)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var schedule: StepSchedule
  public var gradient: AttackGradient

  public init(
    _ schedule: StepSchedule = StepSchedule(steps: 10, relative: 2.5),
    _ gradient: AttackGradient = AttackGradient()
  ) {
    self.schedule = schedule
    self.gradient = gradient
  }

  public static let settings: [Setting<DivergenceAscent>] = [
    .group(\.schedule), .group(\.gradient, only: AttackGradient.settingsOfOtherLoss),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  var ascent: GradientAscent {
    var ascent = schedule.ascent(along: gradient)
    ascent.startNoise = 0.001
    ascent.objective = { images, goal, classifier in
      guard !goal.isTargeted else {
        return { logits, _, _ in AttackLoss.crossEntropy.losses(logits, goal) }
      }
      // clean, changed [N, K]: logarithms of probabilities
      let clean = withoutGradients { classifier.logits(images).logSoftmax() }
      return { logits, _, _ in
        let changed = logits.logSoftmax()
        return (clean.exponential * (clean - changed)).sum([1])
      }
    }
    return ascent
  }
}
