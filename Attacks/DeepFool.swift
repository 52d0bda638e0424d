import ModelCore
import Support

/// DeepFool: steps to the nearest decision boundary as the classifier's linear approximation has
/// it, until it is crossed.
///
///     k: the class with the smallest |z[k] − z[y]| / ‖∇(z[k] − z[y])‖₂ among the likeliest wrong ones
///     x ← clip(x + (1 + η)·|z[k] − z[y]| / ‖∇(z[k] − z[y])‖₂² · ∇(z[k] − z[y]))
///
/// η is the overshoot, taken at each step. Towards a target t there is one boundary: that between t
/// and the likeliest other class. Moosavi-Dezfooli, Fawzi & Frossard, 2016, Algorithm 2; that
/// considers all classes, and its authors' code the likeliest.
public struct DeepFool: SmallestPerturbationAttack, Configurable {
  public static let name = "deepfool"
  public static let title = "DeepFool"
  public static let summary =
    "smallest ℓ2 perturbation by steps to the nearest boundary (Moosavi-Dezfooli et al. 2016)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  public var steps: Int
  public var overshoot: Double
  /// How many wrong classes are considered, the likeliest first.
  public var classes: Int

  public init(steps: Int = 50, overshoot: Double = 0.02, classes: Int = 9) {
    self.steps = steps
    self.overshoot = overshoot
    self.classes = classes
  }

  public static let settings: [Setting<DeepFool>] = [
    .int("steps", \.steps, in: 1...100_000, "steps taken at most"),
    .double(
      "overshoot", \.overshoot, in: 0...10, "share by which a step passes the boundary"),
    .int(
      "classes", \.classes, in: 1...10_000, "wrong classes considered, the likeliest first"),
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
    // images [N, C, H, W]
    var active = ActiveImages(images, goal, draws)
    for step in 0...steps {
      let logits = withoutGradients { classifier.logits(active.x) }
      let staying = active.leave(where: active.goal.isReached(logits.predictedClasses))
      guard step < steps, !active.isEmpty else { break }
      let move = shortest(active, staying.map { logits.indexSelect(0, $0) } ?? logits, classifier)
      active.x = (active.x + move * (1 + overshoot)).clamped(to: classifier.valueRange)
    }
    return active.results
  }

  /// The shortest move onto an approximated boundary, `[M, C, H, W]`; zero where no gradient leads
  /// to one.
  private func shortest(_ active: ActiveImages, _ logits: Tensor, _ classifier: any Classifier)
    -> Tensor
  {
    // x [M, C, H, W], logits [M, K]
    let focus = active.goal.focus
    let rivals = LikeliestClasses.wrong(logits, focus, active.goal.isTargeted ? 1 : classes)
    var best = active.x * 0
    var distance = Tensor.full(.infinity, shape: [focus.count], device: best.device)
    for rival in rivals {
      let (winner, loser) = active.goal.isTargeted ? (focus, rival) : (rival, focus)
      let slope = classifier.inputGradient(at: active.x) { logits in
        (AttackLoss.pick(logits, winner) - AttackLoss.pick(logits, loser)).sum()
      }
      let (ahead, behind) = (AttackLoss.pick(logits, winner), AttackLoss.pick(logits, loser))
      // A rounding more than the gap, so that an image on the boundary crosses it too.
      let gap = (ahead - behind).absolute + (ahead.absolute + behind.absolute) * 1e-6
      let length = norm.size(slope).maximum(1e-20)
      let nearer = (gap / length).isLess(than: distance)
      let move = slope / length.perImage(like: slope) * (gap / length).perImage(like: slope)
      best = nearer.perImage(like: best).choose(move.finiteOrZero, else: best)
      distance = nearer.choose(gap / length, else: distance)
    }
    return best
  }
}
