import ModelCore

/// The state that Auto-PGD keeps for each active image besides its present value x.
///
/// With the step size η of the image and the weight a = 0.75 (1 at the first step), a step is
///
///     z = project(x + η·step(g))
///     x ← project(x + a·(z − x) + (1 − a)·(x − x_before))
///
/// Every few steps, `halveStalled` checks each image. It halves η and returns the image to its best
/// point if at most 75 % of the steps since the last check increased the loss, or if η was not
/// halved at the last check and the largest loss has not grown since. Source: F. Croce and M. Hein
/// (2020), Algorithm 1.
///
/// With several draws, the loss and g are means over them. An image has fooled the classifier once
/// one of its points reaches the goal in all draws. It leaves at the next check.
struct Climb {
  private let loss: AttackLoss
  private let expectation: ExpectationOverDraws
  /// The goal whose loss is increased. The goal at which images leave is that of the active images.
  private var goal: Goal
  /// The image before the last step, `[M, …]`.
  private var previous: Tensor
  /// The gradient of the loss at the present image, `[M, …]`.
  private var gradient: Tensor
  /// The point of the largest loss so far, `[M, …]`, its gradient, and that loss, `[M]`.
  private(set) var best: Tensor
  private var bestGradient: Tensor
  private var bestLoss: Tensor
  private var bestLossAtCheck: Tensor
  private var lastLoss: Tensor
  /// The number of steps since the last check that increased the loss, `[M]`.
  private var improvements: Tensor
  private var halvedAtCheck: Tensor
  /// The step size η, `[M]`.
  private var size: Tensor
  /// The last point that reached the goal, `[M, …]`, and whether there is one, `[M]`.
  private var fooling: Tensor
  private var fooled: Tensor

  /// Computes the loss and its gradient at the starting points.
  init(
    _ active: ActiveImages, _ goal: Goal, _ loss: AttackLoss,
    over expectation: ExpectationOverDraws,
    size: Double, _ classifier: any Classifier
  ) {
    let x = active.x
    self.loss = loss
    self.expectation = expectation
    self.goal = goal
    (previous, best, fooling) = (x, x, x)
    let none = Tensor.zeros([x.shape[0]], device: x.device)
    self.size = none + size
    improvements = none
    // As in the published code, the loss of the first step is compared with zero, and the first
    // check does not use the second condition, as if the step size had just been halved.
    lastLoss = none
    halvedAtCheck = none.equals(0)
    let seen = expectation.look(at: x, until: active.goal, classifier) { loss.losses($0, goal) }
    (gradient, bestGradient) = (seen.gradient, seen.gradient)
    (bestLoss, bestLossAtCheck) = (seen.losses, seen.losses)
    fooled = seen.reached
  }

  /// Takes one step of each active image.
  /// - Parameter momentum: 1 − a, the weight of the last move.
  mutating func advance(
    _ active: inout ActiveImages, _ threat: ThreatModel, keeping momentum: Double,
    _ classifier: any Classifier
  ) {
    // x, previous, next, slope [M, …]; size, losses [M]
    let x = active.x
    let slope = active.goal.region.limited(gradient)
    let step = threat.step(slope, size: 1) * size.perImage(like: x)
    let stepped = threat.project(x + step, around: active.originals)
    let blended = x + (stepped - x) * (1 - momentum) + (x - previous) * momentum
    previous = x
    let next = threat.project(blended, around: active.originals)
    active.x = next
    let (loss, goal) = (loss, goal)
    let seen = expectation.look(at: next, until: active.goal, classifier) { loss.losses($0, goal) }
    gradient = seen.gradient
    fooling = seen.reached.perImage(like: next).choose(next, else: fooling)
    fooled = fooled.or(seen.reached)
    improvements = improvements + seen.losses.isGreater(than: lastLoss).to(.float32)
    lastLoss = seen.losses
    let better = seen.losses.isGreater(than: bestLoss)
    best = better.perImage(like: next).choose(next, else: best)
    bestGradient = better.perImage(like: next).choose(gradient, else: bestGradient)
    bestLoss = better.choose(seen.losses, else: bestLoss)
  }

  /// Halves the step size of images that make too little progress, and returns them to their best
  /// points.
  /// - Parameters:
  ///   - steps: the number of steps since the last check.
  ///   - patience: the share of them beyond which progress is sufficient.
  mutating func halveStalled(_ active: inout ActiveImages, over steps: Int, patience: Double) {
    // seldom, stuck, stalled [M]
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

  /// Removes the images that have fooled the classifier, each with the last point that did.
  mutating func settle(_ active: inout ActiveImages) {
    guard let staying = active.leave(where: fooled, as: fooling) else { return }
    for path in [
      \Climb.previous, \.gradient, \.best, \.bestGradient, \.bestLoss, \.bestLossAtCheck,
      \.lastLoss, \.improvements, \.halvedAtCheck, \.size, \.fooling, \.fooled,
    ] { self[keyPath: path] = self[keyPath: path].indexSelect(0, staying) }
    goal = goal.at(staying)
  }
}
