import Foundation
import ModelCore
import Support

/// The elastic-net attack (EAD): the smallest perturbation by a sum of ℓ1 and ℓ2, which changes few
/// pixels.
///
///     minimise over x:  c·max(κ − m(x), 0) + ‖x − X‖₂² + β·‖x − X‖₁
///
/// m(x) is the margin by which x reaches the goal (`AttackLoss.margin`), and κ ≥ 0 is the required
/// margin. The first two terms, g, are differentiable. The ℓ1 norm is not, so the fast iterative
/// shrinkage-thresholding algorithm (FISTA) minimises the sum: after a gradient step from y, every
/// change of at most β is undone, and every other one becomes smaller by β.
///
///     x⁺ = clip(X + S(y − αₖ·∇g(y) − X)),  S(z) = sign(z)·max(|z| − β, 0)
///     y  = x⁺ + k/(k + 3)·(x⁺ − x)
///
/// αₖ decreases with √(1 − k/steps). The weight c starts small and is multiplied by ten until an
/// image reaches the goal; then bisection looks for the smallest c that reaches it. Of all images
/// on the way that reach the goal by more than rounding (`Goal.isClearlyReached`), the result is
/// the one with the smallest ‖x − X‖₁ (the rule `l1`) or ‖x − X‖₂² + β·‖x − X‖₁ (the rule `en`).
/// Pixels count as shares of the width of the pixel range, so that β and α mean the same for every
/// range.
///
/// Use it for sparse perturbations that may change pixels by any amount. A larger β makes them
/// sparser. Source: P. Chen, Y. Sharma, H. Zhang, J. Yi and C. Hsieh (2018).
public struct ElasticNet: SmallestPerturbationAttack, Configurable {
  public static let name = "ead"
  public static let title = "elastic-net attack"
  public static let summary =
    "smallest ℓ1 perturbation by shrinkage and a search over c (Chen et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted

  /// What makes one adversarial image better than another.
  public enum Rule: String, Sendable, CaseIterable {
    case l1, en
  }

  public let norm = Norm.l1
  /// The number of steps for each c.
  public var steps: Int
  /// The number of values of c that are tried for each image.
  public var searches: Int
  /// β, the weight of the ℓ1 norm and the amount by which each step shrinks every change.
  public var beta: Double
  public var rule: Rule
  /// α₀, the length of the first step.
  public var rate: Double
  /// κ, the required margin of logits.
  public var confidence: Double

  /// The first value of c, as in the authors' code.
  private static let firstWeight = 1e-3

  public init(
    steps: Int = 1000, searches: Int = 9, beta: Double = 1e-3, rule: Rule = .l1,
    rate: Double = 0.01, confidence: Double = 0
  ) {
    self.steps = steps
    self.searches = searches
    self.beta = beta
    self.rule = rule
    self.rate = rate
    self.confidence = confidence
  }

  public static let settings: [Setting<ElasticNet>] = [
    .int("steps", \.steps, in: 1...1_000_000, "number of steps for each c"),
    .int("searches", \.searches, in: 1...100, "number of values of c tried for each image"),
    .double("beta", \.beta, in: 0...1e3, "β, weight of the ℓ1 norm"),
    .choice("rule", \.rule, "which adversarial image is the result: smallest ℓ1 or elastic net"),
    .double("rate", \.rate, in: 1e-9...1e3, "length of the first gradient step"),
    .double("confidence", \.confidence, in: 0...1e6, "κ, the required margin of logits"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  )
    -> Tensor
  {
    // images [N, …]; for the M images that do not reach the goal yet: weight (c) and the ends low
    // and high of its interval, all [M]
    var active = ActiveImages(images, goal, draws)
    active.leave(where: isReached(withoutGradients { classifier.logits(images) }, goal))
    guard !active.isEmpty else { return active.results }
    var best = NearestImages(active.originals)
    var low = Tensor.zeros([active.places.count], device: images.device)
    var weight = low + Self.firstWeight
    var high = low + .infinity
    for _ in 0..<searches {
      let enough = descend(active, weight, &best, classifier)
      // As long as no c was large enough, high is infinite.
      high = enough.choose(weight.minimum(high), else: high)
      low = enough.choose(low, else: weight.maximum(low))
      weight = high.isFinite.choose((low + high) / 2, else: weight * 10)
    }
    active.leaveAll(as: best.images)
    return active.results
  }

  /// Minimises the function by FISTA with a fixed weight c for each image, `[M]`, and offers all
  /// images on the way to `best`.
  /// - Returns: whether an image reached the goal, `[M]`.
  private func descend(
    _ active: ActiveImages, _ weight: Tensor, _ best: inout NearestImages,
    _ classifier: any Classifier
  ) -> Tensor {
    // u and v are the changes of x and y, as shares of the width of the pixel range: [M, …]
    let (originals, goal, range) = (active.originals, active.goal, classifier.valueRange)
    var u = originals * 0
    var v = u
    var found = weight.isAtMost(-1)
    for step in 0..<steps {
      let pull = classifier.inputGradient(at: originals + v * range.width) { logits in
        (confidence - AttackLoss.margin.losses(logits, goal)).maximum(0) * weight
      }
      // The chain rule: dx/du is the width of the pixel range.
      let slope = goal.region.limited(pull.finiteOrZero * range.width + v * 2)
      let pace = rate * (1 - Double(step) / Double(steps)).squareRoot()
      let moved = v - slope * pace
      let shrunk = moved.sign * (moved.absolute - beta).maximum(0)
      let valid = (originals + shrunk * range.width).clamped(to: range)
      let x = goal.region.limited(valid, around: originals)
      let next = (x - originals) / range.width
      v = next + (next - u) * (Double(step) / Double(step + 3))
      u = next

      let logits = withoutGradients { classifier.logits(x) }
      let reached = isReached(logits, goal).and(goal.isClearlyReached(logits))
      let length = Norm.l1.size(u)
      let size = rule == .l1 ? length : length * beta + u.square.flattened.sum([1])
      best.offer(x, where: reached, at: size)
      found = found.or(reached)
    }
    return found
  }

  private func isReached(_ logits: Tensor, _ goal: Goal) -> Tensor {
    goal.isReached(logits.predictedClasses).and(
      AttackLoss.margin.losses(logits, goal).isAtLeast(confidence))
  }
}
