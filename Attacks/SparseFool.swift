import ModelCore
import Support

/// SparseFool: DeepFool's boundary, reached by changing as few features as possible.
///
/// DeepFool, starting at x, finds a point of the boundary. The boundary is replaced by the
/// hyperplane with its normal w there, through the point λ times as far from x. The smallest move
/// in ℓ1 onto this hyperplane that keeps pixels valid changes the features with the largest |w| in
/// turn, each to the end of the pixel range, until it is reached (`BoxedHyperplane.sparseMove`):
///
///     x ← x + the smallest move onto {x′ : ⟨w, x′ − x_B⟩ = 0},  x_B = x + λ·(DeepFool(x) − x)
///
/// The attack ends for an image when clip(X + (1 + η)·(x − X)) reaches the goal by more than
/// rounding (`Goal.isClearlyReached`). λ > 1 makes up for the curvature of the boundary: a larger
/// one needs fewer steps and changes more features.
///
/// Each channel of a pixel is a feature, and the budget is the share of the features that may
/// change. Use it for a quick estimate of how few features suffice; `sigma-zero` and `fmn` with
/// `norm=l0` find fewer. Towards a target it often finds nothing: it was published without targets.
/// Source: A. Modas, S. Moosavi-Dezfooli and P. Frossard (2019).
public struct SparseFool: SmallestPerturbationAttack, Configurable {
  public static let name = "sparsefool"
  public static let title = "SparseFool"
  public static let summary =
    "few changed features by ℓ1 steps to DeepFool's boundary (Modas et al. 2019)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l0
  public var steps: Int
  /// λ, how far beyond DeepFool's point the hyperplane is, as a multiple of the point's distance.
  public var lambda: Double
  /// η, the share by which the whole perturbation goes beyond the hyperplane.
  public var overshoot: Double

  public init(steps: Int = 20, lambda: Double = 3, overshoot: Double = 0.02) {
    self.steps = steps
    self.lambda = lambda
    self.overshoot = overshoot
  }

  public static let settings: [Setting<SparseFool>] = [
    .int("steps", \.steps, in: 1...100_000, "largest number of steps"),
    .double("lambda", \.lambda, in: 1...1e3, "λ, how far beyond DeepFool's boundary to go"),
    .double(
      "overshoot", \.overshoot, in: 0...10,
      "η, share by which the perturbation goes beyond the hyperplane"),
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
    // images [N, …]; for the M images that are not done: points (x_B), normals (w), moved [M, …]
    var active = ActiveImages.searched(images, goal, draws, classifier)
    let range = classifier.valueRange
    for _ in 0..<steps where !active.isEmpty {
      let (points, normals) = DeepFool().boundary(
        active.x, active.goal, beyond: lambda, against: classifier, draws: active.draws)
      let flat = normals.flattened
      let move = BoxedHyperplane.sparseMove(
        from: active.x.flattened, normals: flat,
        offsets: (flat * points.flattened).sum([1]), box: range
      ).reshaped(points.shape)
      active.x = active.goal.region.limited(
        (active.x + move).clamped(to: range), around: active.originals)
      let whole = active.originals + (active.x - active.originals) * (1 + overshoot)
      let moved = active.goal.region.limited(whole.clamped(to: range), around: active.originals)
      let reached = active.goal.isClearlyReached(withoutGradients { classifier.logits(moved) })
      active.leave(where: reached, as: moved)
    }
    return active.results
  }
}
