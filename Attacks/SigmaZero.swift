import Foundation
import ModelCore
import Support

/// σ-zero: a gradient attack in ℓ0 that changes as few features as it can.
///
/// The number of changed features has no gradient. A smooth function takes its place, in which a
/// change of much more than √σ counts as one and a smaller one counts partly. With the margin m(x)
/// by which x reaches the goal (`AttackLoss.margin`), Adam minimises over the perturbation δ
///
///     max(−m(X + δ), 0) + (1/D)·Σᵢ δᵢ² / (δᵢ² + σ)
///
/// The gradient is divided by its largest element first. After each step, changes smaller than a
/// threshold τ are undone; τ rises by t·η while the image reaches the goal, and falls by as much
/// otherwise. The length η of the steps decreases from 1 to 0.1 along a cosine. Of all images on
/// the way that reach the goal by more than rounding (`Goal.isClearlyReached`), the one with the
/// fewest changed features is the result. Pixels, σ and τ are measured in the width of the pixel
/// range.
///
/// Each channel of a pixel is a feature, and the budget is the share of the features that may
/// change. Use it where the number of changed features matters. Source: A. Cinà, F. Villani, M.
/// Pintor, L. Schönherr, B. Biggio and M. Pelillo (2025).
public struct SigmaZero: SmallestPerturbationAttack, Configurable {
  public static let name = "sigma-zero"
  public static let title = "σ-zero"
  public static let summary =
    "fewest changed features by a smooth count of them and a threshold (Cinà et al. 2025)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l0
  public var steps: Int
  /// η, the length of the first step.
  public var rate: Double
  /// σ: the smaller it is, the more does the smooth function resemble the count.
  public var sigma: Double
  /// τ at the first step.
  public var threshold: Double
  /// t, the change of τ at a step as a share of η.
  public var change: Double

  /// η of the last step, as a share of that of the first one.
  private static let lastShare = 0.1

  public init(
    steps: Int = 1000, rate: Double = 1, sigma: Double = 1e-3, threshold: Double = 0.3,
    change: Double = 0.01
  ) {
    self.steps = steps
    self.rate = rate
    self.sigma = sigma
    self.threshold = threshold
    self.change = change
  }

  public static let settings: [Setting<SigmaZero>] = [
    .int("steps", \.steps, in: 1...1_000_000, "number of steps"),
    .double("rate", \.rate, in: 1e-9...1e3, "η, length of the first step"),
    .double("sigma", \.sigma, in: 1e-12...1e3, "σ, smoothness of the count of changed features"),
    .double("threshold", \.threshold, in: 0...1, "τ, below which changes are undone, at first"),
    .double("change", \.change, in: 0...1, "t, change of τ at a step as a share of η"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    norm.threat(budget, against: classifier)
  }

  public func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  )
    -> Tensor
  {
    // images [N, …]; for the M images that do not reach the goal yet: x, u (δ as a share of the
    // width of the pixel range), slope [M, …]; limit (τ), reached [M]
    var active = ActiveImages.searched(images, goal, draws, classifier)
    guard !active.isEmpty else { return active.results }
    let (originals, range) = (active.originals, classifier.valueRange)
    let features = Double(originals.shape.dropFirst().reduce(1, *))
    var best = NearestImages(originals)
    var adam = AdamSteps(rate: 1, like: originals)
    var limit = Tensor.full(threshold, shape: [originals.shape[0]], device: originals.device)
    var (x, eta) = (originals, rate)
    for step in 0..<steps {
      let seen = classifier.lossAndGradient(at: x) {
        -(-AttackLoss.margin.losses($0, active.goal)).maximum(0)
      }
      let reached = active.goal.isClearlyReached(seen.logits)
      best.offer(x, where: reached, at: norm.size(x - originals))
      guard step + 1 < steps else { break }

      let u = (x - originals) / range.width
      // d/du of u²/(u² + σ) is 2uσ / (u² + σ)². The chain rule: dx/du is the width of the range.
      let count = u * (2 * sigma / features) / (u.square + sigma).square
      let slope = active.goal.region.limited(count - seen.gradient.finiteOrZero * range.width)
      let unit = slope / Norm.linf.size(slope).maximum(1e-12).perImage(like: slope)
      let moved = originals + (u - adam.next(unit) * eta) * range.width
      let cosine = StepSchedule.cosine(step, of: steps)
      eta = rate * (Self.lastShare + (1 - Self.lastShare) * cosine)
      limit = reached.choose(limit + change * eta, else: limit - change * eta).clamped(to: 0...1)
      let valid = active.goal.region.limited(moved.clamped(to: range), around: originals)
      let isSmall = ((valid - originals).absolute / range.width).isLess(
        than: limit.perImage(like: valid))
      x = isSmall.choose(originals, else: valid)
    }
    active.leaveAll(as: best.images)
    return active.results
  }
}
