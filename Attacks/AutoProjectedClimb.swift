import ModelCore

/// What Auto-PGD keeps of each active image besides its present state.
///
/// An image has fooled the classifier once one of its steps has reached the goal; it leaves at the
/// next check.
struct Climb {
  private let loss: AttackLoss
  /// What is climbed towards; images leave by the goal of the active images.
  private var goal: Goal
  /// The image before the last step, and the loss's gradient at the present one, `[M, …]`.
  private var previous: Tensor
  private var gradient: Tensor
  /// The point of the largest loss so far, `[M, …]`, its gradient and its loss `[M]`.
  private(set) var best: Tensor
  private var bestGradient: Tensor
  private var bestLoss: Tensor
  private var bestLossAtCheck: Tensor
  private var lastLoss: Tensor
  /// How many steps since the last check raised the loss, `[M]`.
  private var improvements: Tensor
  private var halvedAtCheck: Tensor
  /// The length of a step, `[M]`.
  private var size: Tensor
  /// The last point that reached the goal, `[M, …]`, and whether there was one, `[M]`.
  private var fooling: Tensor
  private var fooled: Tensor

  /// Looks at the starting points of all images.
  init(
    _ active: ActiveImages, _ goal: Goal, _ loss: AttackLoss, size: Double,
    _ classifier: any Classifier
  ) {
    let x = active.x
    self.loss = loss
    self.goal = goal
    (previous, best, fooling) = (x, x, x)
    let none = Tensor.zeros([x.shape[0]], device: x.device)
    self.size = none + size
    improvements = none
    // As published: the first check compares the first loss with zero, and cannot halve for want of
    // a better best.
    lastLoss = none
    halvedAtCheck = none.equals(0)
    let seen = classifier.lossAndGradient(at: x) { loss.losses($0, goal) }
    (gradient, bestGradient) = (seen.gradient, seen.gradient)
    (bestLoss, bestLossAtCheck) = (seen.losses, seen.losses)
    fooled = active.goal.isReached(seen.logits.predictedClasses)
  }

  /// One step: along the gradient, blended with the last move, projected.
  mutating func advance(
    _ active: inout ActiveImages, _ threat: ThreatModel, keeping momentum: Double,
    _ classifier: any Classifier
  ) {
    let x = active.x
    let step = threat.step(gradient, size: 1) * size.perImage(like: x)
    let stepped = threat.project(x + step, around: active.originals)
    let blended = x + (stepped - x) * (1 - momentum) + (x - previous) * momentum
    previous = x
    let next = threat.project(blended, around: active.originals)
    active.x = next
    let (loss, goal) = (loss, goal)
    let seen = classifier.lossAndGradient(at: next) { loss.losses($0, goal) }
    gradient = seen.gradient
    let reached = active.goal.isReached(seen.logits.predictedClasses)
    fooling = reached.perImage(like: next).choose(next, else: fooling)
    fooled = fooled.or(reached)
    improvements = improvements + seen.losses.isGreater(than: lastLoss).to(.float32)
    lastLoss = seen.losses
    let better = seen.losses.isGreater(than: bestLoss)
    best = better.perImage(like: next).choose(next, else: best)
    bestGradient = better.perImage(like: next).choose(gradient, else: bestGradient)
    bestLoss = better.choose(seen.losses, else: bestLoss)
  }

  /// Halves the step of images that improved too seldom, or whose best has not moved since the last
  /// check, and sends them back to their best point.
  mutating func halveStalled(_ active: inout ActiveImages, over steps: Int, patience: Double) {
    let seldom = improvements.isAtMost(Double(steps) * patience)
    let stuck = halvedAtCheck.inverted.and(bestLoss.isGreater(than: bestLossAtCheck).inverted)
    let stalled = seldom.or(stuck)
    size = stalled.choose(size / 2, else: size)
    let mask = stalled.perImage(like: active.x)
    active.x = mask.choose(best, else: active.x)
    gradient = mask.choose(bestGradient, else: gradient)
    halvedAtCheck = stalled
    bestLossAtCheck = bestLoss
    improvements = improvements * 0
  }

  /// Lets the images that are fooled go, each as the last point that fooled.
  mutating func settle(_ active: inout ActiveImages) {
    guard let staying = active.leave(where: fooled, as: fooling) else { return }
    for path in [
      \Climb.previous, \.gradient, \.best, \.bestGradient, \.bestLoss, \.bestLossAtCheck,
      \.lastLoss, \.improvements, \.halvedAtCheck, \.size, \.fooling, \.fooled,
    ] { self[keyPath: path] = self[keyPath: path].indexSelect(0, staying) }
    goal = goal.at(staying)
  }
}
