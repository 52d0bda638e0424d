import Foundation
import ModelCore
import Support

/// The fast minimum-norm attack (FMN): a gradient attack whose ball shrinks while the image is
/// across the boundary, in ℓ∞, ℓ2, ℓ1 or ℓ0.
///
/// With the margin m(x) by which x reaches the goal (`AttackLoss.margin`) and its gradient g, each
/// step sets the radius ε of the ball around X, takes a step and projects onto the ball:
///
///     ε ← min((1 − γ)·ε, the smallest norm so far)   if X + δ reached the goal
///     ε ← (1 + γ)·ε                                  if only an earlier image did
///     ε ← max((1 + γ)·ε, ‖δ‖ + (|m(X + δ)| + ρ) / ‖g‖*)   as long as no image did
///     δ ← clip(X + Π_ε(δ + α·g / ‖g‖₂)) − X
///
/// The third line is the distance to the boundary if m were linear, with the dual norm of g. ρ is a
/// little more than the rounding of the logits: without it, the images could approach the boundary
/// for ever and never be across it by more than rounding. The authors' code has neither ρ nor the
/// maximum with (1 + γ)·ε. Without the maximum, an image does not arrive if clipping always takes
/// back as much as the step added. In ℓ2, Π_ε projects onto the sphere, as in the authors' code. In
/// ℓ0, which has no dual norm, ε begins with one feature and changes by at least one. γ falls from
/// 0.05 to 0.001 and α from 1 to 0.01, both along a cosine; α is a share of the width of the pixel
/// range. Of all images on the way that reach the goal by more than rounding
/// (`Goal.isClearlyReached`), the nearest one is the result.
///
/// Use it first where the smallest perturbation matters: it needs one pass for each step and no
/// search for a weight, and is the only attack here that does so in all norms. Source: M. Pintor,
/// F. Roli, W. Brendel and B. Biggio (2021).
public struct FastMinimumNorm: SmallestPerturbationAttack, Configurable {
  public static let name = "fmn"
  public static let title = "fast minimum-norm attack"
  public static let summary =
    "smallest perturbation by a ball that adapts; ℓ∞, ℓ2, ℓ1 or ℓ0 (Pintor et al. 2021)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  public var steps: Int
  /// α of the first step, as a share of the width of the pixel range.
  public var alpha: Double
  /// γ of the first step, the share by which the radius changes.
  public var gamma: Double

  /// γ of the last step, unless the first one is smaller still.
  private static let lastGamma = 0.001
  /// α of the last step, as a share of the first one.
  private static let lastShare = 0.01

  public init(norm: Norm = .l2, steps: Int = 1000, alpha: Double = 1, gamma: Double = 0.05) {
    self.norm = norm
    self.steps = steps
    self.alpha = alpha
    self.gamma = gamma
  }

  public static let settings: [Setting<FastMinimumNorm>] = [
    .norm(\.norm, of: [.linf, .l2, .l1, .l0]),
    .int("steps", \.steps, in: 1...1_000_000, "number of steps"),
    .double(
      "alpha", \.alpha, in: 1e-9...1e6,
      "α, length of the first step as a share of the width of the pixel range"),
    .double("gamma", \.gamma, in: 1e-6...0.999, "γ, share by which the radius changes at first"),
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
    // images [N, …]; for the M images that do not reach the goal yet: x, move, gradient [M, …];
    // radius (ε), size (‖δ‖), reached [M]
    var active = ActiveImages.searched(images, goal, draws, classifier)
    guard !active.isEmpty else { return active.results }
    let (originals, range) = (active.originals, classifier.valueRange)
    let sphere = ThreatModel(.l2, epsilon: 1, valueRange: range)
    let most = norm.size(active.room(in: range))
    var best = NearestImages(originals)
    var radius = norm == .l0 ? most * 0 + 1 : most * 0
    var x = originals
    for step in 0..<steps {
      let seen = classifier.lossAndGradient(at: x) { AttackLoss.margin.losses($0, active.goal) }
      let reached = active.goal.isClearlyReached(seen.logits)
      let size = norm.size(x - originals)
      best.offer(x, where: reached, at: size)
      guard step + 1 < steps else { break }

      let gradient = active.goal.region.limited(seen.gradient.finiteOrZero)
      let cosine = StepSchedule.cosine(step, of: steps)
      let rate = alpha * (Self.lastShare + (1 - Self.lastShare) * cosine) * range.width
      let last = min(Self.lastGamma, gamma)
      radius = next(
        radius, reached, best, change: last + (gamma - last) * cosine
      ) {
        // Twice the margin that `isClearlyReached` requires.
        let rounding = seen.logits.absolute.max([1]) * 2e-5
        return size + (seen.losses.absolute + rounding) / norm.dual.size(gradient).maximum(1e-12)
      }
      radius = radius.minimum(most).finiteOrZero
      let turned = x - originals + sphere.step(gradient, size: rate)
      let move =
        norm == .l2
        ? sphere.step(turned, size: 1) * radius.perImage(like: turned)
        : norm.nearest(turned, within: radius)
      x = active.goal.region.limited((originals + move).clamped(to: range), around: originals)
    }
    active.leaveAll(as: best.images)
    return active.results
  }

  /// The radius of the next step, `[M]`.
  /// - Parameters:
  ///   - change: γ.
  ///   - linear: the norm of the image on the boundary if the margin were linear; not asked for in
  ///     ℓ0.
  private func next(
    _ radius: Tensor, _ reached: Tensor, _ best: NearestImages, change: Double,
    linear: () -> Tensor
  ) -> Tensor {
    let (less, more) = (radius * (1 - change), radius * (1 + change))
    guard norm == .l0 else {
      return reached.choose(
        less.minimum(best.distance), else: best.isFound.choose(more, else: more.maximum(linear())))
    }
    // Whole features: at least one fewer or one more, and never none.
    return reached.choose(
      less.floor.minimum(radius - 1).minimum(best.distance),
      else: more.floor.maximum(radius + 1)
    ).maximum(1)
  }
}

extension Norm {
  /// The ball with a budget as its radius. In ℓ0 the budget is a share of the features, as for all
  /// attacks, and at most ⌊budget·D⌋ features change.
  func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    // In floating point 0.29·100 is 28.999…; 29 features are meant.
    let features = (min(budget, 1) * Double(classifier.inputShape.count) + 1e-6).rounded(.down)
    return ThreatModel(
      self, epsilon: self == .l0 ? features : budget, valueRange: classifier.valueRange)
  }
}
