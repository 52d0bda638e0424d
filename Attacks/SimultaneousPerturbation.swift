import ModelCore
import Support

/// SPSA, simultaneous perturbation stochastic approximation: an attack along a gradient that is
/// estimated from logits alone.
///
///     g = mean over samples of (L(x + δ·v) − L(x − δ·v)) / 2δ · v,  with v uniform in {−1, 1}^D
///     x ← project(x + Adam(g)), starting at the image itself
///
/// The quotient approximates the directional derivative ⟨∇L, v⟩. The mean of ⟨∇L, v⟩·v over random
/// v is ∇L, because the signs of different pixels are independent: the mean of vᵢ·vⱼ is 1 for i = j
/// and 0 otherwise. The estimate thus needs no gradient of the classifier. L is the margin. An
/// image leaves once it reaches the goal.
///
/// Use it against a model that hides its gradients. δ and the rate are shares of the pixel range.
/// Source: J. Uesato et al. (2018), Algorithm 1 with Adam, as in their experiments.
public struct SimultaneousPerturbation: Attack, Configurable {
  public static let name = "spsa"
  public static let title = "simultaneous perturbation stochastic approximation"
  public static let summary =
    "Adam with a gradient that is estimated from logits alone (Uesato et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var steps: Int
  public var samples: Int
  public var delta: Double
  public var rate: Double

  public init(steps: Int = 100, samples: Int = 128, delta: Double = 0.01, rate: Double = 0.01) {
    self.steps = steps
    self.samples = samples
    self.delta = delta
    self.rate = rate
  }

  public var usesGradients: Bool { false }

  public static let settings: [Setting<SimultaneousPerturbation>] = [
    .int("steps", \.steps, in: 1...100_000, "number of steps"),
    .int(
      "samples", \.samples, in: 1...1_000_000,
      "number of pairs of points for each estimate of a gradient"),
    .double(
      "delta", \.delta, in: 1e-6...1, "δ, the distance of the points, as a share of the pixel range"
    ),
    .double("rate", \.rate, in: 1e-6...1, "Adam's rate, as a share of the pixel range"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    guard threat.epsilon > 0 else { return images }
    let width = threat.valueRange.width
    var active = ActiveImages(images, goal, draws)
    var adam = AdamSteps(rate: rate * width, like: images)
    for step in 0...steps {
      let reached = active.goal.isReached(classifier.predictions(active.x))
      if let staying = active.leave(where: reached) { adam.keep(staying) }
      guard step < steps, !active.isEmpty else { break }
      let own = active.draws.purpose("step \(step)")
      let slope = SampledGradient(samples: samples, distance: delta * width)
        .estimate(active, classifier, own) { $0.signs($1) }
      active.x = threat.project(active.x + adam.next(slope), around: active.originals)
    }
    active.leaveAll()
    return active.results
  }
}
