import ModelCore
import Support

/// Auto-PGD: gradient ascent with momentum whose step halves, image by image, when progress stalls,
/// going on from the best point found. No step size to choose. Croce & Hein, 2020.
public struct AutoProjectedGradient: Attack {
  public static let name = "apgd"
  public static let title = "auto projected gradient descent"
  public static let summary = "PGD that chooses its own step sizes; ℓ∞ or ℓ2 (Croce & Hein 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm: Norm
  public let steps: Int
  public let loss: AttackLoss

  /// Share of the last step that is kept as momentum, and share of improving steps below which a
  /// step size is halved.
  private static let momentum = 0.25
  private static let patience = 0.75

  public init(norm: Norm = .linf, steps: Int = 100, loss: AttackLoss = .crossEntropy) {
    self.norm = norm
    self.steps = steps
    self.loss = loss
  }

  public init(_ settings: Settings) throws {
    norm = try settings.norm(of: [.linf, .l2])
    steps = try settings.int("steps", default: 100, in: 1...100_000, "steps taken")
    loss = try settings.loss()
  }

  public var parameters: [String: String] {
    loss.parameters.merging(["norm": norm.rawValue, "steps": "\(steps)"]) { $1 }
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    run(images, climbing: goal, until: goal, within: threat, against: classifier, random: random)
  }

  /// Climbs towards one goal until another is reached: for AutoAttack, towards a target until any
  /// wrong class is.
  func run(
    _ images: Tensor, climbing goal: Goal, until success: Goal, within threat: ThreatModel,
    against classifier: any Classifier, random: RandomSource
  ) -> Tensor {
    // images [N, C, H, W]
    guard threat.epsilon > 0 else { return images }
    var result = images
    var climb = Climb(
      images, start(images, threat, random), 2 * threat.epsilon, classifier, loss, goal, success)
    var interval = max(Int(0.22 * Double(steps)), 1)
    var sinceCheck = 0
    for step in 0..<steps {
      climb.advance(threat, keeping: step == 0 ? 0 : Self.momentum, classifier, loss)
      sinceCheck += 1
      guard sinceCheck == interval || step == steps - 1 else { continue }
      result = climb.settle(into: result)
      if climb.isEmpty { return result }
      climb.halveStalled(over: sinceCheck, patience: Self.patience)
      interval = max(
        interval - max(Int(0.03 * Double(steps)), 1), max(Int(0.06 * Double(steps)), 1))
      sinceCheck = 0
    }
    return climb.finish(into: result)
  }

  /// A random point on the surface of the ball.
  private func start(_ images: Tensor, _ threat: ThreatModel, _ random: RandomSource) -> Tensor {
    let direction =
      norm == .linf ? random.uniform(images.shape) * 2 - 1 : random.normal(images.shape)
    let length = norm.size(direction).perImage(like: images).maximum(1e-12)
    return (images + direction / length * threat.epsilon).clamped(to: threat.valueRange)
  }
}

/// The state of a climb, for the images that are still standing.
private struct Climb {
  private var indices: Tensor
  private var originals: Tensor
  private var x: Tensor
  private var previous: Tensor
  private var gradient: Tensor
  private var best: Tensor
  private var bestGradient: Tensor
  private var bestLoss: Tensor
  private var bestLossAtCheck: Tensor
  private var lastLoss: Tensor
  private var improvements: Tensor
  private var halvedAtCheck: Tensor
  private var size: Tensor
  private var fooling: Tensor
  private var fooled: Tensor
  private var goal: Goal
  private var success: Goal

  init(
    _ images: Tensor, _ start: Tensor, _ size: Double, _ classifier: any Classifier,
    _ loss: AttackLoss, _ goal: Goal,
    _ success: Goal
  ) {
    let count = images.shape[0]
    indices = Tensor.range(count, device: images.device)
    originals = images
    (x, previous, best, fooling) = (start, start, start, start)
    self.goal = goal
    self.success = success
    self.size = Tensor.full(size, shape: [count, 1, 1, 1], device: images.device)
    let none = Tensor.zeros([count], device: images.device)
    improvements = none
    // As published: the first check compares the first loss with zero, and cannot halve for want of
    // a better best.
    lastLoss = none
    halvedAtCheck = none.equals(0)
    let seen = Self.look(start, classifier, loss, goal)
    (gradient, bestGradient) = (seen.gradient, seen.gradient)
    (bestLoss, bestLossAtCheck) = (seen.loss, seen.loss)
    fooled = success.isReached(seen.predictions)
  }

  var isEmpty: Bool { indices.count == 0 }

  /// One step: along the gradient, blended with the last move, projected.
  mutating func advance(
    _ threat: ThreatModel, keeping momentum: Double, _ classifier: any Classifier,
    _ loss: AttackLoss
  ) {
    let stepped = threat.project(x + threat.step(gradient, size: 1) * size, around: originals)
    let blended = x + (stepped - x) * (1 - momentum) + (x - previous) * momentum
    previous = x
    x = threat.project(blended, around: originals)
    let seen = Self.look(x, classifier, loss, goal)
    gradient = seen.gradient
    let reached = success.isReached(seen.predictions)
    fooling = reached.perImage(like: x).choose(x, else: fooling)
    fooled = fooled.or(reached)
    improvements = improvements + seen.loss.isGreater(than: lastLoss).to(.float32)
    lastLoss = seen.loss
    let better = seen.loss.isGreater(than: bestLoss)
    best = better.perImage(like: x).choose(x, else: best)
    bestGradient = better.perImage(like: x).choose(gradient, else: bestGradient)
    bestLoss = better.choose(seen.loss, else: bestLoss)
  }

  /// Halves the step of images that improved too seldom, or whose best has not moved since the last
  /// check, and sends them back to their best point.
  mutating func halveStalled(over steps: Int, patience: Double) {
    let seldom = improvements.isAtMost(Double(steps) * patience)
    let stuck = halvedAtCheck.inverted.and(bestLoss.isGreater(than: bestLossAtCheck).inverted)
    let stalled = seldom.or(stuck)
    let mask = stalled.perImage(like: x)
    size = mask.choose(size / 2, else: size)
    x = mask.choose(best, else: x)
    gradient = mask.choose(bestGradient, else: gradient)
    halvedAtCheck = stalled
    bestLossAtCheck = bestLoss
    improvements = improvements * 0
  }

  /// Puts the images that are fooled in their places and goes on with the others only.
  mutating func settle(into result: Tensor) -> Tensor {
    guard fooled.any().isTrue else { return result }
    let done = result.replacingRows(indices.rows(where: fooled), with: fooling.rows(where: fooled))
    keep(fooled.inverted)
    return done
  }

  /// What is still standing at the end gets its best point.
  func finish(into result: Tensor) -> Tensor {
    isEmpty ? result : result.replacingRows(indices, with: best)
  }

  private mutating func keep(_ standing: Tensor) {
    let rows = standing.nonzero.reshaped([-1])
    for path in [
      \Climb.indices, \.originals, \.x, \.previous, \.gradient, \.best, \.bestGradient, \.bestLoss,
      \.bestLossAtCheck,
      \.lastLoss, \.improvements, \.halvedAtCheck, \.size, \.fooling, \.fooled,
    ] { self[keyPath: path] = self[keyPath: path].indexSelect(0, rows) }
    goal = goal.at(rows)
    success = success.at(rows)
  }

  private static func look(
    _ x: Tensor, _ classifier: any Classifier, _ loss: AttackLoss, _ goal: Goal
  ) -> (loss: Tensor, gradient: Tensor, predictions: Tensor) {
    withGradients {
      let variable = x.tracked
      let logits = classifier.logits(variable)
      let losses = loss.losses(logits, goal)
      return (
        losses.detached, losses.sum().gradient(of: variable).detached,
        logits.detached.predictedClasses
      )
    }
  }
}

extension Tensor {
  /// This tensor with the rows (along dimension 0) at `indices` replaced.
  func replacingRows(_ indices: Tensor, with rows: Tensor) -> Tensor {
    let wide = indices.reshaped([-1] + [Int](repeating: 1, count: rank - 1)).expanded(rows.shape)
    return scattering(0, wide, rows)
  }
}
