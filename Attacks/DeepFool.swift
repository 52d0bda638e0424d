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
public struct DeepFool: SmallestPerturbationAttack {
  public static let name = "deepfool"
  public static let title = "DeepFool"
  public static let summary =
    "smallest ℓ2 perturbation by steps to the nearest boundary (Moosavi-Dezfooli et al. 2016)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  public let steps: Int
  public let overshoot: Double
  /// How many wrong classes are considered, the likeliest first.
  public let classes: Int

  public init(steps: Int = 50, overshoot: Double = 0.02, classes: Int = 9) {
    self.steps = steps
    self.overshoot = overshoot
    self.classes = classes
  }

  public init(_ settings: Settings) throws {
    steps = try settings.int("steps", default: 50, in: 1...100_000, "steps taken at most")
    overshoot = try settings.double(
      "overshoot", default: 0.02, in: 0...10, "share by which a step passes the boundary")
    classes = try settings.int(
      "classes", default: 9, in: 1...10_000, "wrong classes considered, the likeliest first")
  }

  public var parameters: [String: String] {
    ["steps": "\(steps)", "overshoot": "\(overshoot)", "classes": "\(classes)"]
  }

  public func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, random: RandomSource
  )
    -> Tensor
  {
    // images [N, C, H, W]
    var open = ActiveImages(images, goal)
    for step in 0...steps {
      let logits = withoutGradients { classifier.logits(open.x) }
      let staying = open.leave(where: open.goal.isReached(logits.predictedClasses))
      guard step < steps, !open.isEmpty else { break }
      let move = shortest(open, staying.map { logits.indexSelect(0, $0) } ?? logits, classifier)
      open.x = (open.x + move * (1 + overshoot)).clamped(to: classifier.valueRange)
    }
    return open.results
  }

  /// The shortest move onto an approximated boundary, `[M, C, H, W]`; zero where no gradient leads
  /// to one.
  private func shortest(_ open: ActiveImages, _ logits: Tensor, _ classifier: any Classifier)
    -> Tensor
  {
    // x [M, C, H, W], logits [M, K]
    let focus = open.goal.focus
    let rivals = LikeliestClasses.wrong(logits, focus, open.goal.isTargeted ? 1 : classes)
    var best = open.x * 0
    var distance = Tensor.full(.infinity, shape: [focus.count], device: best.device)
    for rival in rivals {
      let (winner, loser) = open.goal.isTargeted ? (focus, rival) : (rival, focus)
      let slope = classifier.inputGradient(at: open.x) { logits in
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
