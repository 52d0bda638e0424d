import ModelCore

/// The one loop behind the iterated gradient attacks: FGSM repeated, BIM, PGD, momentum and Nesterov
/// forms are its values.
///
///     x ← clip(x + step(g));  with projection: x ← the nearest image within ε
///     g: the gradient of the loss, or with momentum μ: v ← μ·v + g / mean|g|, and g ← v
public struct GradientAscent: Sendable {
  /// How many steps.
  public var steps: Int
  /// The length of a step as a function of ε.
  public var size: @Sendable (_ epsilon: Double) -> Double
  /// What is climbed, and how its gradient is estimated.
  public var gradient = AttackGradient()
  /// Decay μ of the accumulated gradient; 0: none.
  public var momentum = 0.0
  /// Take the gradient where the momentum would lead: at x + μ·size·v.
  public var looksAhead = false
  /// Return to the ball after every step.
  public var projects = true
  /// Begin at a random point of the ball.
  public var startsRandomly = false
  /// How often to begin anew; the worst result of each image is kept.
  public var restarts = 1

  public init(steps: Int, size: @escaping @Sendable (_ epsilon: Double) -> Double) {
    self.steps = steps
    self.size = size
  }

  /// Images → adversarial images in their shape.
  public func run(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    var best = climb(images, goal, threat, classifier, draws)
    guard restarts > 1 else { return best }
    var bestScore = score(best, goal, classifier)
    for restart in 1..<restarts {
      let next = climb(images, goal, threat, classifier, draws.purpose("restart \(restart)"))
      let nextScore = score(next, goal, classifier)
      let better = nextScore.isGreater(than: bestScore)
      best = better.perImage(like: best).choose(next, else: best)
      bestScore = better.choose(nextScore, else: bestScore)
    }
    return best
  }

  /// What images are after every step of the first start.
  func path(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    var places: [Tensor] = []
    _ = climb(images, goal, threat, classifier, draws) { places.append($0) }
    return places
  }

  /// - Parameter visiting: told the images after every step.
  private func climb(
    _ images: Tensor, _ goal: Goal, _ threat: ThreatModel, _ classifier: any Classifier,
    _ draws: ExampleDraws, visiting: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    let size = self.size(threat.epsilon)
    var x = startsRandomly ? threat.randomStart(images, draws.purpose("start")) : images
    var velocity = images * 0
    let estimate = gradient.estimate(goal, within: threat, against: classifier)
    for step in 0..<steps {
      let place = looksAhead ? x + velocity * (momentum * size) : x
      var ascent = estimate(place, draws.purpose("step \(step)"))
      if momentum > 0 {
        let scale = ascent.flattened.absolute.mean([1]).perImage(like: x).maximum(1e-12)
        velocity = velocity * momentum + ascent / scale
        ascent = velocity
      }
      x = x + threat.step(ascent, size: size)
      x = projects ? threat.project(x, around: images) : x.clamped(to: threat.valueRange)
      visiting(x)
    }
    return x
  }

  /// By how much an image is to be preferred over another start's, `[N]`: one that reaches the goal
  /// over any that does not, and then the one with the larger loss.
  private func score(_ images: Tensor, _ goal: Goal, _ classifier: any Classifier) -> Tensor {
    withoutGradients {
      let logits = classifier.logits(images)
      let reached = goal.isReached(logits.predictedClasses).to(.float32)
      return reached * 1e6 + gradient.loss.losses(logits, goal)
    }
  }
}
