import ModelCore
import Support

/// SuperDeepFool: DeepFool, followed by a projection that makes its perturbation orthogonal to the
/// boundary.
///
/// The smallest perturbation is orthogonal to the boundary, and that of DeepFool is not. With the
/// image x̃ at which DeepFool ends, starting at x, and the boundary's normal w there, a step is
///
///     x ← clip(X + ⟨x̃ − X, w⟩ / ‖w‖₂² · w)
///
/// The steps end for an image when x reaches the goal by more than rounding
/// (`Goal.isClearlyReached`). At the end, bisection of the line between X and the nearest image
/// found moves it to the boundary. This is the paper's SDF, with as many steps of DeepFool as it
/// takes and one projection.
///
/// Use it for ℓ2 perturbations that are much smaller than DeepFool's at a few times its cost.
/// Source: A. Abdolahpourrostam, M. Abroshan and S. Moosavi-Dezfooli (2024).
public struct SuperDeepFool: SmallestPerturbationAttack, Configurable {
  public static let name = "superdeepfool"
  public static let title = "SuperDeepFool"
  public static let summary =
    "smallest ℓ2 perturbation by DeepFool and projections (Abdolahpourrostam et al. 2024)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  /// The largest number of projections.
  public var projections: Int
  /// The number of halvings of the line to the original at the end.
  public var halvings: Int
  public var deepFool: DeepFool

  public init(
    projections: Int = 100, halvings: Int = 10, deepFool: DeepFool = DeepFool(steps: 100)
  ) {
    self.projections = projections
    self.halvings = halvings
    self.deepFool = deepFool
  }

  public static let settings: [Setting<SuperDeepFool>] = [
    .int("projections", \.projections, in: 1...100_000, "largest number of projections"),
    .int("halvings", \.halvings, in: 0...100, "halvings of the line to the original at the end"),
    .group(\.deepFool),
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
    // images [N, …]; for the M images that are not done: ends (x̃), normals (w), move, unit [M, …]
    var active = ActiveImages.searched(images, goal, draws, classifier)
    guard !active.isEmpty else { return active.results }
    let sphere = ThreatModel(.l2, epsilon: 1, valueRange: classifier.valueRange)
    var best = NearestImages(active.originals)

    /// Keeps images that reach the goal.
    /// - Returns: whether each one reaches it, `[M]`.
    func offer(_ found: Tensor) -> Tensor {
      let reached = active.goal.isClearlyReached(withoutGradients { classifier.logits(found) })
      best.offer(found, where: reached, at: norm.size(found - active.originals))
      return reached
    }

    for _ in 0..<projections where !active.isEmpty {
      let (ends, normals) = deepFool.boundary(
        active.x, active.goal, against: classifier, draws: active.draws)
      _ = offer(ends)
      let unit = sphere.step(normals, size: 1)
      // A thousandth more, so that the image is across the boundary by more than rounding. The
      // bisection takes it back.
      let length = (unit * (ends - active.originals)).flattened.sum([1]) * 1.001
      let moved = (active.originals + unit * length.perImage(like: unit)).clamped(
        to: classifier.valueRange)
      active.x = active.goal.region.limited(moved, around: active.originals)
      let reached = offer(active.x)
      if let staying = active.leave(where: reached, as: best.images) { best.keep(staying) }
    }
    active.leaveAll(as: best.images)
    return bisected(active.results, images, goal, classifier)
  }

  /// The images on the lines between the originals and `found` that reach the goal and are nearest
  /// to the originals, up to `halvings` halvings.
  private func bisected(
    _ found: Tensor, _ originals: Tensor, _ goal: Goal, _ classifier: any Classifier
  ) -> Tensor {
    // found, middle [N, …]; low, high, share [N]: parts of the way from the original
    var best = found
    var low = norm.size(found - originals) * 0
    var high = low + 1
    for _ in 0..<halvings {
      let share = (low + high) / 2
      let line = originals + (found - originals) * share.perImage(like: found)
      let middle = goal.region.limited(
        line.clamped(to: classifier.valueRange), around: originals)
      let reached = goal.isClearlyReached(withoutGradients { classifier.logits(middle) })
      best = reached.perImage(like: found).choose(middle, else: best)
      high = reached.choose(share, else: high)
      low = reached.choose(low, else: share)
    }
    return best
  }
}
