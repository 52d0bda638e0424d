import ModelCore
import Support

/// Bandits with a time-dependent and a data-dependent prior: an attack from logits alone that
/// carries an estimate of the gradient from step to step.
///
/// Each step moves the image along the prior v, which is one number for each tile of neighbouring
/// pixels and channel, in (−1, 1), and starts at 0:
///
///     q± = v ± δ·u / √D, with u normally distributed and D numbers
///     g = (L(x + η·q₊ / ‖q₊‖₂) − L(x + η·q₋ / ‖q₋‖₂)) / (η·δ) · δ·u / √D
///     v ← the step of exponentiated gradients from v along g with the rate κ
///     x ← project(x + h·sign(v))
///
/// Successive gradients are alike, so v learns from two queries at each step what `nes` estimates
/// anew from many (the time-dependent prior). Neighbouring pixels have similar gradients, so v
/// needs fewer numbers than the image (the data-dependent one). With p = (v + 1) / 2, the step of
/// exponentiated gradients is p ← p·exp(κg) / (p·exp(κg) + (1 − p)·exp(−κg)). L is the margin; the
/// authors take the cross-entropy, which in float32 is constant where a model is certain.
///
/// Use it where `square`, which keeps all pixels at ±ε, seems to fail. Source: A. Ilyas, L.
/// Engstrom and A. Madry (2019), with their values for ℓ∞ except κ: theirs is 100, and with the
/// margin, which is steeper, v would jump between −1 and 1. The budget counts every query: the two
/// of a step and the one that asks whether the goal is reached.
public struct Bandits: Attack, Configurable {
  public static let name = "bandits"
  public static let title = "bandits with gradient priors"
  public static let summary =
    "a gradient estimate that is carried along, from logits alone (Ilyas et al. 2019)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  /// The largest number of queries for each image.
  public var queries: Int
  /// δ, the size of the random part of a probe.
  public var exploration: Double
  /// η, the distance of a probe as a share of the pixel range.
  public var distance: Double
  /// κ, the rate at which the prior learns.
  public var learning: Double
  /// h, the length of a step as a share of the pixel range.
  public var rate: Double
  /// The largest number of tiles along the longer side of an image.
  public var tiles: Int

  public init(
    queries: Int = 10_000, exploration: Double = 1, distance: Double = 0.1,
    learning: Double = 1, rate: Double = 0.01, tiles: Int = 50
  ) {
    self.queries = queries
    self.exploration = exploration
    self.distance = distance
    self.learning = learning
    self.rate = rate
    self.tiles = tiles
  }

  public var usesGradients: Bool { false }
  public let needsPictures = true

  public static let settings: [Setting<Bandits>] = [
    .int("queries", \.queries, in: 1...100_000_000, "query budget for each image"),
    .double("exploration", \.exploration, in: 1e-6...1e3, "δ, size of the random part of a probe"),
    .double(
      "distance", \.distance, in: 1e-6...1e3,
      "η, distance of a probe as a share of the pixel range"),
    .double("learning", \.learning, in: 1e-6...1e6, "κ, rate at which the prior learns"),
    .double("rate", \.rate, in: 1e-6...1, "h, length of a step as a share of the pixel range"),
    .int(
      "tiles", \.tiles, in: 1...10_000, "largest number of tiles along the longer side of an image"),
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
    return withoutGradients { search(images, goal, threat, classifier, draws) }
  }

  private func search(
    _ images: Tensor, _ goal: Goal, _ threat: ThreatModel, _ classifier: any Classifier,
    _ draws: ExampleDraws
  ) -> Tensor {
    // images [N, C, H, W]; for the M active images: prior, noise [M, C, ⌈H/side⌉, ⌈W/side⌉]
    let width = threat.valueRange.width
    let (height, columns) = (images.shape[2], images.shape[3])
    let side = (max(height, columns) + self.tiles - 1) / self.tiles
    let tiles = Tiles(side: side, height: height, width: columns)
    var active = ActiveImages(images, goal, draws)
    let small = [images.shape[1]] + tiles.counts
    var prior = Tensor.zeros([images.shape[0]] + small, device: images.device)
    var left = queries
    for step in 0... {
      let reached = active.goal.isReached(classifier.predictions(active.x))
      if let staying = active.leave(where: reached) { prior = prior.indexSelect(0, staying) }
      left -= 1
      guard left >= 2, !active.isEmpty else { break }
      let count = Double(small.reduce(1, *))
      let noise =
        active.draws.purpose("step \(step)").normal(small) * (exploration / count.squareRoot())
      let slope = (loss(prior + noise) - loss(prior - noise)) / (distance * exploration)
      left -= 2
      prior = Self.exponentiated(
        prior, (noise * slope.finiteOrZero.perImage(like: noise)) * learning)
      let move = active.goal.region.limited(tiles.enlarged(prior))
      active.x = threat.project(
        active.x + threat.step(move, size: rate * width), around: active.originals)
      guard left > 0 else { break }

      /// L at the distance η from the images, in the direction of q.
      func loss(_ q: Tensor) -> Tensor {
        let probe = active.goal.region.limited(tiles.enlarged(q))
        let length = Norm.l2.size(probe).maximum(1e-12).perImage(like: probe)
        let points = active.x + probe / length * (distance * width)
        return AttackLoss.margin.losses(classifier.logits(points), active.goal)
      }
    }
    active.leaveAll()
    return active.results
  }

  /// The step of exponentiated gradients: p·eᵍ / (p·eᵍ + (1 − p)·e⁻ᵍ) is the logistic function of
  /// log(p / (1 − p)) + 2g.
  private static func exponentiated(_ prior: Tensor, _ step: Tensor) -> Tensor {
    // Away from ±1, where the logarithm would be infinite and v could never change again.
    let share = ((prior + 1) / 2).clamped(to: 1e-6...(1 - 1e-6))
    return ((share / (1 - share)).logarithm + step * 2).sigmoid * 2 - 1
  }
}
