import ModelCore

/// The one loop behind the iterated gradient attacks: FGSM repeated, BIM, PGD, momentum and Nesterov forms are its values.
///
///     x ← clip(x + step(g));  with projection: x ← the nearest image within ε
///     g: the gradient of the loss, or with momentum μ: v ← μ·v + g / mean|g|, and v is stepped along
public struct GradientAscent: Sendable {
  /// How many steps.
  public var steps: Int
  /// The length of a step as a function of ε.
  public var size: @Sendable (_ epsilon: Double) -> Double
  /// What is climbed.
  public var loss = AttackLoss.crossEntropy
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
  /// How the gradient is estimated: transformations of the input, outermost first.
  public var views: [any GradientView] = []

  public init(steps: Int, size: @escaping @Sendable (_ epsilon: Double) -> Double) {
    self.steps = steps
    self.size = size
  }

  /// images `[N, C, H, W]` → adversarial images in their shape.
  public func run(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier, random: RandomSource
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

  private func climb(
    _ images: Tensor, _ goal: Goal, _ threat: ThreatModel, _ classifier: any Classifier, _ random: RandomSource
  ) -> Tensor {
    let size = self.size(threat.epsilon)
    var x = startsRandomly ? threat.randomStart(images, random) : images
    var velocity = images * 0
    for _ in 0..<steps {
      let place = looksAhead ? x + velocity * (momentum * size) : x
      var ascent = gradient(at: place, goal, classifier, random)
      if momentum > 0 {
        let scale = ascent.absolute.mean([1, 2, 3], keep: true).maximum(1e-12)
        velocity = velocity * momentum + ascent / scale
        ascent = velocity
      }
      x = x + threat.step(ascent, size: size)
      x = projects ? threat.project(x, around: images) : x.clamped(to: threat.valueRange)
    }
    return x
  }

  private func gradient(
    at x: Tensor, _ goal: Goal, _ classifier: any Classifier, _ random: RandomSource
  ) -> Tensor {
    let plain = GradientEstimate { x, view in
      withGradients {
        let variable = x.tracked
        return loss.gains(classifier.logits(view(variable)), goal).sum().gradient(of: variable).detached
      }
    }
    let estimate = views.reversed().reduce(plain) { inner, view in view.estimate(inner, random) }
    return estimate(x)
  }

  /// How bad an image is for the classifier, `[N]`: reaching the goal counts before any loss.
  private func worth(_ images: Tensor, _ goal: Goal, _ classifier: any Classifier) -> Tensor {
    withoutGradients {
      let logits = classifier.logits(images)
      return goal.isReached(logits.predictedClasses).to(.float32) * 1e6 + loss.gains(logits, goal)
    }
  }
}

/// A way to get the gradient of the loss at images, seen through a view of them.
public struct GradientEstimate {
  private let body: (_ x: Tensor, _ view: (Tensor) -> Tensor) -> Tensor

  public init(_ body: @escaping (_ x: Tensor, _ view: (Tensor) -> Tensor) -> Tensor) {
    self.body = body
  }

  /// The gradient at `x` of the loss of `view(x)`.
  public func callAsFunction(_ x: Tensor, through view: (Tensor) -> Tensor = { $0 }) -> Tensor { body(x, view) }
}

/// Makes one estimate of the gradient out of another; see `GradientViews.swift` for those that help transfer.
public protocol GradientView: Sendable {
  func estimate(_ inner: GradientEstimate, _ random: RandomSource) -> GradientEstimate
}
