import ModelCore
import Support

/// SPSA: climbs a gradient that is estimated from logits at random pairs of points, so that a
/// classifier which hides its gradients is attacked all the same.
///
///     g = mean over samples of (L(x + δ·v) − L(x − δ·v)) / 2δ · v,  v uniform in {−1, 1}^D
///     x ← the nearest image within ε of x + Adam(g)
///
/// L is the margin. It starts at the image itself; an image leaves once it reaches the goal. Uesato
/// et al., 2018, Algorithm 1 with Adam as in its experiments. δ and the rate are shares of the
/// range of valid pixels.
public struct SimultaneousPerturbation: Attack {
  public static let name = "spsa"
  public static let title = "simultaneous perturbation stochastic approximation"
  public static let summary =
    "Adam on a gradient estimated from logits at random points (Uesato et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let steps: Int
  public let samples: Int
  public let delta: Double
  public let rate: Double

  /// How many images go through the classifier at once, at least one pair for each image.
  private static let atOnce = 512

  public init(steps: Int = 100, samples: Int = 128, delta: Double = 0.01, rate: Double = 0.01) {
    self.steps = steps
    self.samples = samples
    self.delta = delta
    self.rate = rate
  }

  public init(_ settings: Settings) throws {
    let shares = 1e-6...1.0
    steps = try settings.int("steps", default: 100, in: 1...100_000, "steps taken")
    samples = try settings.int(
      "samples", default: 128, in: 1...1_000_000, "pairs of points for each estimate of a gradient")
    delta = try settings.double(
      "delta", default: 0.01, in: shares, "distance of the points, as a share of the pixels' range")
    rate = try settings.double(
      "rate", default: 0.01, in: shares, "Adam's step, as a share of the pixels' range")
  }

  public var parameters: [String: String] {
    ["steps": "\(steps)", "samples": "\(samples)", "delta": "\(delta)", "rate": "\(rate)"]
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    guard threat.epsilon > 0 else { return images }
    let width = threat.valueRange.upperBound - threat.valueRange.lowerBound
    var open = ActiveImages(images, goal)
    var adam = AdamSteps(rate: rate * width, like: images)
    for step in 0...steps {
      if let staying = open.leave(where: open.goal.isReached(classifier.predictions(open.x))) {
        adam.keep(staying)
      }
      guard step < steps, !open.isEmpty else { break }
      let slope = withoutGradients { estimate(open, delta * width, classifier, random) }
      open.x = threat.project(open.x + adam.next(slope), around: open.originals)
    }
    open.leaveAll()
    return open.results
  }

  /// The mean over samples of directional slopes times their directions.
  private func estimate(
    _ open: ActiveImages, _ delta: Double, _ classifier: any Classifier, _ random: RandomSource
  ) -> Tensor {
    // x [M, C, H, W], directions [S, M, C, H, W], logits [2·S·M, K], slopes [S, M]
    let shape = open.x.shape
    var total = open.x * 0
    var remaining = samples
    while remaining > 0 {
      let count = min(remaining, max(1, Self.atOnce / (2 * shape[0])))
      let directions = random.signs([count] + shape)
      let pairs = Tensor.stack([open.x + directions * delta, open.x - directions * delta])
      let logits = classifier.logits(pairs.reshaped([2 * count * shape[0]] + shape.dropFirst()))
      let rows = Tensor.concatenate(
        [Tensor](repeating: Tensor.range(shape[0], device: open.x.device), count: 2 * count))
      let losses = AttackLoss.margin.losses(logits, open.goal.at(rows)).reshaped([
        2, count, shape[0],
      ])
      let slopes = (losses.select(0, 0) - losses.select(0, 1)) / (2 * delta)
      total = total + (slopes.reshaped([count, shape[0], 1, 1, 1]) * directions).sum([0])
      remaining -= count
    }
    return total / Double(samples)
  }
}
