import Foundation
import ModelCore
import Support

/// The augmented Lagrangian attack (ALMA): the smallest perturbation under the constraint that the
/// goal is reached, in ℓ2 or ℓ1.
///
/// The constraint is d(x) < 0, where d is the difference of logits that keeps x from its goal, over
/// the difference of the first and the third logit, so that scaling the logits has little effect
/// (`constraint`). With a multiplier μ and a penalty parameter ρ for each image, each step descends
/// along the gradient of
///
///     ‖δ‖ + P(d(X + δ), ρ, μ),   P(d, ρ, μ) = μ·d + μ·ρ·d² + ρ²·d³ / 6   for d ≥ 0
///                                P(d, ρ, μ) = μ·d / (1 − ρ·d)            for d < 0
///
///     μ ← α·μ + (1 − α)·∂P/∂d
///     ρ ← γ·ρ, every 10 steps, if the goal was never reached and d is not below τ·d of 10 steps ago
///
/// The penalty is large where the goal is missed, and vanishes far beyond the boundary, so that the
/// image comes to lie just across it. A step divides the gradient by the root of its mean square
/// (RMSProp) and has momentum. Its factor is the one with which the first step would go as far as
/// `start` without the division, or `rate` if that is given. The factor falls to a hundredth,
/// exponentially, after the goal was first reached.
/// The first step follows the penalty alone, or a random direction where that has no gradient. Of
/// all images on the way that reach the goal by more than rounding (`Goal.isClearlyReached`), the
/// nearest one is the result. Lengths are shares of the width of the pixel range.
///
/// Use it for small ℓ1 perturbations, with 300 steps or more, and beside `ddn` and `fmn` in ℓ2.
/// Source: J. Rony, E. Granger, M. Pedersoli and I. Ben Ayed, "Augmented Lagrangian Adversarial
/// Attacks" (2021). With 100 steps the authors set α to 0.5. They fit the factor, as is the
/// default here; the default of their program is `rate=0.1`. Try it, too, on a network that hides
/// its gradients: where the first gradient is nearly zero, a fitted factor is far too large for the
/// steps that follow. The authors' constraint has a tolerance of 10⁻⁴; here it also
/// covers the rounding of the logits. With fewer than three classes there is no third logit, and d
/// is the plain difference.
public struct AugmentedLagrangian: SmallestPerturbationAttack, Configurable {
  public static let name = "alma"
  public static let title = "augmented Lagrangian attack"
  public static let summary =
    "smallest perturbation by a penalty that adapts; ℓ2 or ℓ1 (Rony et al. 2021)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  public var steps: Int
  /// α, the share of the former μ, of the mean square of gradients and of the momentum that a step
  /// keeps.
  public var alpha: Double
  /// The factor of the steps, as a share of the width of the pixel range; nil for the one that fits
  /// `start`.
  public var rate: Double?
  /// How far the first step goes, as a share of the width of the pixel range; nil for the authors'
  /// values for MNIST, 0.1 in ℓ2 and 0.5 in ℓ1.
  public var start: Double?

  /// γ, by which the penalty parameter grows.
  private static let growth = 1.2
  /// τ, the factor by which d has to fall so that the penalty parameter does not grow.
  private static let improvement = 0.95
  /// The steps between two such comparisons.
  private static let interval = 10
  /// The length of the last step, as a share of the first one.
  private static let lastShare = 0.01

  public init(
    norm: Norm = .l2, steps: Int = 1000, alpha: Double = 0.9, rate: Double? = nil,
    start: Double? = nil
  ) {
    self.norm = norm
    self.steps = steps
    self.alpha = alpha
    self.rate = rate
    self.start = start
  }

  public static let settings: [Setting<AugmentedLagrangian>] = [
    .norm(\.norm, of: [.l2, .l1]),
    .int("steps", \.steps, in: 1...1_000_000, "number of steps"),
    .double("alpha", \.alpha, in: 0...0.9999, "α, share of its past that each average keeps"),
    .optionalDouble(
      "rate", \.rate, in: 1e-9...1e6,
      "factor of the steps as a share of the width of the pixel range; if not given, the one that "
        + "fits start"),
    .optionalDouble(
      "start", \.start, in: 1e-9...1e6,
      "length of the first step as a share of the width of the pixel range; if not given, 0.1 in ℓ2 "
        + "and 0.5 in ℓ1"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor {
    // images [N, …]; for the M images that do not reach the goal yet: x, move (δ), gradient,
    // square, momentum [M, …] in units of the width of the range; d, rate, mu, rho, found (the
    // step) [M]
    var active = ActiveImages.searched(images, goal, draws, classifier)
    guard !active.isEmpty else { return active.results }
    let (originals, range) = (active.originals, classifier.valueRange)
    let ones = Tensor.ones([originals.shape[0]], device: originals.device)
    var best = NearestImages(originals)
    var (mu, rho, rate, before) = (ones, ones, ones, ones)
    var found = ones * Double(steps + 1)
    var (x, move, momentum) = (originals, originals * 0, originals * 0)
    var square = momentum + 1
    for step in 0..<steps {
      let seen = classifier.lossAndGradient(at: x) { Self.constraint($0, active.goal) }
      let d = seen.losses.finiteOrZero
      if step > 0 {
        if (step + 1) % Self.interval == 0 {
          let isFine = best.isFound.or(d.isLess(than: before * Self.improvement))
          rho = isFine.choose(rho, else: rho * Self.growth)
          before = d
        }
        mu = (mu * alpha + Self.slope(d, rho, mu) * (1 - alpha)).clamped(to: 1e-6...1e12)
      } else {
        before = d
      }
      let reached = active.goal.isClearlyReached(seen.logits)
      found = reached.and(best.isFound.inverted).choose(ones * Double(step), else: found)
      best.offer(x, where: reached, at: norm.size(x - originals))
      guard step + 1 < steps else { break }

      let constraint = active.goal.region.limited(seen.gradient.finiteOrZero) * range.width
      var gradient = constraint * Self.slope(d, rho, mu).perImage(like: x)
      if step == 0 {
        gradient = direction(gradient, active)
        rate = self.rate.map { ones * $0 } ?? fittedRate(gradient, active, in: range)
      } else {
        gradient = gradient + slopeOfNorm(move)
      }
      let age = (-found + Double(step)).maximum(0) / (-found + Double(steps))
      let length = rate * (age * log(Self.lastShare)).exponential
      square = square * alpha + gradient.square * (1 - alpha)
      momentum = momentum * alpha + gradient / (square.squareRoot + 1e-8)
      let wanted = originals + (move - momentum * length.perImage(like: x)) * range.width
      x = active.goal.region.limited(wanted.clamped(to: range), around: originals)
      move = (x - originals) / range.width
    }
    active.leaveAll(as: best.images)
    return active.results
  }

  /// d: below 0 if the goal is reached by more than the tolerance, `[M]`.
  ///
  /// It is the logit of the label minus the largest other one, or, for a target, the largest logit
  /// of another class minus that of the target. It is divided by the difference of the largest
  /// logit and the third one, or, for a target, the mean of the third and the fourth one.
  private static func constraint(_ logits: Tensor, _ goal: Goal) -> Tensor {
    let tolerance = logits.detached.absolute.max([1]) * 2e-5 + 1e-4
    let missing = -AttackLoss.margin.losses(logits, goal) + tolerance
    let needed = goal.isTargeted ? 4 : 3
    guard logits.shape[1] >= needed else { return missing }
    let sorted = logits.topK(needed, 1).values
    let third = sorted.select(1, 2)
    let lower = goal.isTargeted ? (third + sorted.select(1, 3)) / 2 : third
    return missing / (sorted.select(1, 0) - lower + 1e-8)
  }

  /// ∂P/∂d, `[M]`.
  private static func slope(_ d: Tensor, _ rho: Tensor, _ mu: Tensor) -> Tensor {
    let missed = mu + mu * rho * d * 2 + (rho * d).square / 2
    let beyond = mu / (1 - rho * d.minimum(0)).square
    return d.isAtLeast(0).choose(missed, else: beyond)
  }

  /// The gradient of the norm of δ; 0 where δ is 0.
  private func slopeOfNorm(_ move: Tensor) -> Tensor {
    norm == .l1 ? move.sign : move / norm.size(move).perImage(like: move).maximum(1e-12)
  }

  /// The gradients; random directions of length 1 for those that are practically zero.
  private func direction(_ gradient: Tensor, _ active: ActiveImages) -> Tensor {
    let isZero = Norm.l2.size(gradient).isAtMost(1e-6)
    guard isZero.any().isTrue else { return gradient }
    let random = active.goal.region.limited(
      active.draws.purpose("start").normal(Array(gradient.shape.dropFirst())))
    let length = Norm.l2.size(random).perImage(like: random).maximum(1e-12)
    return isZero.perImage(like: gradient).choose(random / length, else: gradient)
  }

  /// The factor of the gradients with which each image would move by `start`, `[M]`: it is doubled
  /// until that is exceeded, and then bisected. An image that cannot move so far gets the factor
  /// that would do without the bounds of the pixel range.
  private func fittedRate(
    _ gradient: Tensor, _ active: ActiveImages, in range: ClosedRange<Double>
  ) -> Tensor {
    // low, high [M]
    let target = start ?? (norm == .l1 ? 0.5 : 0.1)
    func isTooFar(_ rate: Tensor) -> Tensor {
      let moved = active.originals - gradient * (rate * range.width).perImage(like: gradient)
      let size = norm.size(moved.clamped(to: range) - active.originals) / range.width
      return size.isGreater(than: size * 0 + target)
    }
    let unbounded = (norm.size(gradient).maximum(1e-12) / target).power(-1)
    var (low, high) = (unbounded * 0, unbounded)
    for _ in 0..<30 {
      let isFar = isTooFar(high)
      if isFar.all().isTrue { break }
      (low, high) = (isFar.choose(low, else: high), isFar.choose(high, else: high * 2))
    }
    let canMove = isTooFar(high)
    for _ in 0..<20 {
      let middle = (low + high) / 2
      let isFar = isTooFar(middle)
      (low, high) = (isFar.choose(low, else: middle), isFar.choose(middle, else: high))
    }
    return canMove.choose((low + high) / 2, else: unbounded)
  }
}
