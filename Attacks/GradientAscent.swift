import ModelCore

/// The one loop behind the iterated gradient attacks: FGSM repeated, BIM, PGD, momentum and
/// Nesterov forms are its values.
///
///     x ← clip(x + step(g));  with projection: x ← the nearest image within ε
///     g: the gradient of the loss, or with momentum μ: v ← μ·v + g / mean|g|, and v is stepped along
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

  /// images `[N, C, H, W]` → adversarial images in their shape.
  public func run(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    var best = climb(images, goal, threat, classifier, random)
    guard restarts > 1 else { return best }
    var score = worth(best, goal, classifier)
    for _ in 1..<restarts {
      let next = climb(images, goal, threat, classifier, random)
      let nextScore = worth(next, goal, classifier)
      let better = nextScore.isGreater(than: score)
      best = better.perImage(like: best).choose(next, else: best)
      score = better.choose(nextScore, else: score)
    }
    return best
  }

  /// - Parameter visiting: told the images after every step.
  func climb(
    _ images: Tensor, _ goal: Goal, _ threat: ThreatModel, _ classifier: any Classifier,
    _ random: RandomSource,
    visiting: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    let size = self.size(threat.epsilon)
    var x = startsRandomly ? threat.randomStart(images, random) : images
    var velocity = images * 0
    let estimate = gradient.estimate(goal, within: threat, against: classifier, random: random)
    for _ in 0..<steps {
      let place = looksAhead ? x + velocity * (momentum * size) : x
      var ascent = estimate(place)
      if momentum > 0 {
        let scale = ascent.absolute.mean([1, 2, 3], keep: true).maximum(1e-12)
        velocity = velocity * momentum + ascent / scale
        ascent = velocity
      }
      x = x + threat.step(ascent, size: size)
      x = projects ? threat.project(x, around: images) : x.clamped(to: threat.valueRange)
      visiting(x)
    }
    return x
  }

  /// How bad an image is for the classifier, `[N]`: reaching the goal counts before any loss.
  private func worth(_ images: Tensor, _ goal: Goal, _ classifier: any Classifier) -> Tensor {
    withoutGradients {
      let logits = classifier.logits(images)
      return goal.isReached(logits.predictedClasses).to(.float32) * 1e6
        + gradient.loss.losses(logits, goal)
    }
  }
}
