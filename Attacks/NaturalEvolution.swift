import ModelCore
import Support

/// NES, natural evolution strategies: projected gradient descent with a gradient that is estimated
/// from logits alone.
///
///     g = mean over samples of (L(x + σ·u) − L(x − σ·u)) / 2σ · u,  with u normally distributed
///     m ← μ·m + (1 − μ)·g,  x ← project(x + η·sign(m)), starting at the image itself
///
/// The pairs of opposite points (antithetic sampling) make the estimate less random. L is the
/// margin; the authors take the cross-entropy, which in float32 is constant where a model is
/// certain. An image leaves once it reaches the goal. σ and η are shares of the pixel range.
///
/// Use it as the standard of score-based attacks; `square` needs fewer queries on most models.
/// Source: A. Ilyas, L. Engstrom, A. Athalye and J. Lin (2018). The momentum μ is that of the
/// authors' code. The budget counts every query, also those that ask whether the goal is reached.
public struct NaturalEvolution: Attack, Configurable {
  public static let name = "nes"
  public static let title = "natural evolution strategies"
  public static let summary =
    "PGD with a gradient estimated from logits at random pairs of points (Ilyas et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  /// The largest number of queries for each image.
  public var queries: Int
  /// The number of pairs of points for each estimate.
  public var samples: Int
  public var sigma: Double
  public var rate: Double
  public var momentum: Double

  public init(
    queries: Int = 10_000, samples: Int = 25, sigma: Double = 0.001, rate: Double = 0.01,
    momentum: Double = 0.9
  ) {
    self.queries = queries
    self.samples = samples
    self.sigma = sigma
    self.rate = rate
    self.momentum = momentum
  }

  public var usesGradients: Bool { false }

  public static let settings: [Setting<NaturalEvolution>] = [
    .int("queries", \.queries, in: 1...100_000_000, "query budget for each image"),
    .int(
      "samples", \.samples, in: 1...1_000_000,
      "number of pairs of points for each estimate of a gradient"),
    .double(
      "sigma", \.sigma, in: 1e-6...1,
      "σ, the standard deviation of the points, as a share of the pixel range"),
    .double("rate", \.rate, in: 1e-6...1, "η, length of a step as a share of the pixel range"),
    .double("momentum", \.momentum, in: 0...0.999, "μ, share of the earlier gradients in a step"),
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
    var mean = images * 0
    var left = queries
    for step in 0... {
      let reached = active.goal.isReached(classifier.predictions(active.x))
      if let staying = active.leave(where: reached) { mean = mean.indexSelect(0, staying) }
      left -= 1
      let pairs = min(samples, left / 2)
      guard pairs > 0, !active.isEmpty else { break }
      let slope = SampledGradient(samples: pairs, distance: sigma * width)
        .estimate(active, classifier, active.draws.purpose("step \(step)")) { $0.normal($1) }
      left -= 2 * pairs
      mean = mean * momentum + slope.finiteOrZero * (1 - momentum)
      active.x = threat.project(
        active.x + threat.step(mean, size: rate * width), around: active.originals)
      guard left > 0 else { break }
    }
    active.leaveAll()
    return active.results
  }
}
