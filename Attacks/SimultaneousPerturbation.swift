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
public struct SimultaneousPerturbation: Attack, Configurable {
  public static let name = "spsa"
  public static let title = "simultaneous perturbation stochastic approximation"
  public static let summary =
    "Adam on a gradient estimated from logits at random points (Uesato et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var steps: Int
  public var samples: Int
  public var delta: Double
  public var rate: Double

  /// How many images go through the classifier at once, at least one pair for each image.
  private static let atOnce = 512

  public init(steps: Int = 100, samples: Int = 128, delta: Double = 0.01, rate: Double = 0.01) {
    self.steps = steps
    self.samples = samples
    self.delta = delta
    self.rate = rate
  }

  public static let settings: [Setting<SimultaneousPerturbation>] = [
    .int("steps", \.steps, in: 1...100_000, "steps taken"),
    .int(
      "samples", \.samples, in: 1...1_000_000, "pairs of points for each estimate of a gradient"),
    .double(
      "delta", \.delta, in: 1e-6...1, "distance of the points, as a share of the pixels' range"),
    .double("rate", \.rate, in: 1e-6...1, "Adam's step, as a share of the pixels' range"),
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
    let width = threat.valueRange.upperBound - threat.valueRange.lowerBound
    var active = ActiveImages(images, goal, draws)
    var adam = AdamSteps(rate: rate * width, like: images)
    for step in 0...steps {
      let reached = active.goal.isReached(classifier.predictions(active.x))
      if let staying = active.leave(where: reached) { adam.keep(staying) }
      guard step < steps, !active.isEmpty else { break }
      let own = active.draws.purpose("step \(step)")
      let slope = withoutGradients { estimate(active, delta * width, classifier, own) }
      active.x = threat.project(active.x + adam.next(slope), around: active.originals)
    }
    active.leaveAll()
    return active.results
  }

  /// The mean over samples of directional slopes times their directions.
  ///
  /// Each sample's direction is a draw of its own and samples are added one by one, so the estimate
  /// does not depend on how many samples go through the classifier at once.
  private func estimate(
    _ active: ActiveImages, _ delta: Double, _ classifier: any Classifier, _ draws: ExampleDraws
  ) -> Tensor {
    // x, directions [M, …], logits [2·S·M, K], slopes [S, M] for S samples at once
    let shape = active.x.shape
    let images = shape[0]
    let rows = Tensor.range(images, device: active.x.device)
    var total = active.x * 0
    for first in stride(from: 0, to: samples, by: max(1, Self.atOnce / (2 * images))) {
      let count = min(samples - first, max(1, Self.atOnce / (2 * images)))
      let directions = (first..<first + count).map {
        draws.purpose("sample \($0)").signs(Array(shape.dropFirst()))
      }
      let points =
        directions.map { active.x + $0 * delta } + directions.map { active.x - $0 * delta }
      let logits = classifier.logits(Tensor.concatenate(points))
      let goals = active.goal.at(
        Tensor.concatenate([Tensor](repeating: rows, count: 2 * count)))
      let losses = AttackLoss.margin.losses(logits, goals).reshaped([2, count, images])
      let slopes = (losses.select(0, 0) - losses.select(0, 1)) / (2 * delta)
      for (sample, direction) in directions.enumerated() {
        total = total + direction * slopes.select(0, sample).perImage(like: direction)
      }
    }
    return total / Double(samples)
  }
}
