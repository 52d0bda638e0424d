import ModelCore
import Support

/// DeepFool: steps to the nearest decision boundary of the classifier's linear approximation, until
/// an image crosses the boundary.
///
/// For each of the most likely wrong classes k, with gap = z[k] − z[y] and slope = ∇ₓ(z[k] − z[y])
/// at x, the approximated boundary is |gap| / ‖slope‖₂ away. With the nearest class k, a step is
///
///     r ← r + |gap| / ‖slope‖₂² · slope,  x = clip(X + r)
///
/// The perturbation of the image X is (1 + η)·r, and the attack ends once clip(X + (1 + η)·r)
/// reaches the goal. η is the overshoot. It enlarges the whole perturbation and not only the last
/// step, so that the result is beyond the boundary by a share of its distance, and not by rounding.
///
/// Towards a target t there is only one boundary, between t and the most likely other class. Use it
/// for a fast estimate of the distance to the boundary in ℓ2. Source: S. Moosavi-Dezfooli, A. Fawzi
/// and P. Frossard (2016), Algorithm 2, which considers all classes and enlarges the perturbation
/// after the last step; the authors' code considers the most likely classes and tests the enlarged
/// perturbation at each step, as here.
public struct DeepFool: SmallestPerturbationAttack, Configurable {
  public static let name = "deepfool"
  public static let title = "DeepFool"
  public static let summary =
    "smallest ℓ2 perturbation by steps to the nearest boundary (Moosavi-Dezfooli et al. 2016)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  public var steps: Int
  public var overshoot: Double
  /// The number of wrong classes that are considered, from the most likely one on.
  public var classes: Int

  public init(steps: Int = 50, overshoot: Double = 0.02, classes: Int = 9) {
    self.steps = steps
    self.overshoot = overshoot
    self.classes = classes
  }

  public static let settings: [Setting<DeepFool>] = [
    .int("steps", \.steps, in: 1...100_000, "largest number of steps"),
    .double(
      "overshoot", \.overshoot, in: 0...10,
      "η, share by which the perturbation goes beyond the boundary"),
    .int(
      "classes", \.classes, in: 1...10_000,
      "number of wrong classes considered, from the most likely one on"),
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
    walk(images, goal, against: classifier, draws: draws).results
  }

  /// Walks until all images are across the boundary or the steps are used up.
  /// - Returns: the images that did not cross it, in their last state; the others have left.
  func walk(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  ) -> ActiveImages {
    // images [N, …]; x (the image on or before the boundary), moved (the result, beyond it) [M, …]
    var active = ActiveImages(images, goal, draws)
    active.leave(where: goal.isReached(classifier.predictions(images)))
    for _ in 0..<steps where !active.isEmpty {
      let logits = withoutGradients { classifier.logits(active.x) }
      let move = shortest(active, logits, classifier)
      active.x = (active.x + move).clamped(to: classifier.valueRange)
      let perturbation = active.x - active.originals
      let moved = (active.originals + perturbation * (1 + overshoot)).clamped(
        to: classifier.valueRange)
      let reached = active.goal.isClearlyReached(withoutGradients { classifier.logits(moved) })
      active.leave(where: reached, as: moved)
    }
    return active
  }

  /// The shortest move of each active image to an approximated boundary, `[M, …]`; zero where all
  /// gradients are zero.
  private func shortest(_ active: ActiveImages, _ logits: Tensor, _ classifier: any Classifier)
    -> Tensor
  {
    // x, slope, best [M, …]; logits [M, K]; gap, length, distance [M]
    let focus = active.goal.focus
    let rivals = LikeliestClasses.wrong(logits, focus, active.goal.isTargeted ? 1 : classes)
    var best = active.x * 0
    var distance = Tensor.full(.infinity, shape: [focus.count], device: best.device)
    for rival in rivals {
      let (winner, loser) = active.goal.isTargeted ? (focus, rival) : (rival, focus)
      let gradient = classifier.inputGradient(at: active.x) { logits in
        (AttackLoss.pick(logits, winner) - AttackLoss.pick(logits, loser)).sum()
      }
      let slope = active.goal.region.limited(gradient)
      let (ahead, behind) = (AttackLoss.pick(logits, winner), AttackLoss.pick(logits, loser))
      // The gap is enlarged by about one rounding error of the logits, so that an image exactly on
      // the boundary moves on, too, until it is beyond it.
      let gap = (ahead - behind).absolute + (ahead.absolute + behind.absolute) * 1e-6
      let length = norm.size(slope).maximum(1e-20)
      let nearer = (gap / length).isLess(than: distance)
      let move = slope / length.perImage(like: slope) * (gap / length).perImage(like: slope)
      best = nearer.perImage(like: best).choose(move.finiteOrZero, else: best)
      distance = nearer.choose(gap / length, else: distance)
    }
    return best
  }

  /// Where the walks of all images end, on either side of the boundary, and a normal of the
  /// boundary there: the gradient of the logit to reach minus the one to leave, both `[N, …]`.
  ///
  /// Away from a label, the class to reach is the most likely wrong one.
  func boundary(
    _ images: Tensor, _ goal: Goal, beyond factor: Double = 1, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> (points: Tensor, normals: Tensor) {
    var active = walk(images, goal, against: classifier, draws: draws)
    active.leaveAll()
    let points = (images + (active.results - images) * factor).clamped(to: classifier.valueRange)
    let slopes = classifier.inputGradient(at: points) { AttackLoss.margin.losses($0, goal) }
    return (points, goal.region.limited(slopes.finiteOrZero))
  }
}
