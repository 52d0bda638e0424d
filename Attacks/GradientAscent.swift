import ModelCore

/// The loop behind the iterated gradient attacks. Iterated FGSM, BIM, PGD, and the momentum and
/// Nesterov methods are this loop with different values.
///
/// With the image X, the loss L and the step size α, a step is
///
///     g = ∇ₓL(x); with momentum μ > 0: v ← μ·v + g / mean|g|, and g = v
///     x ← clip(x + step(g, α)); with projection: x ← project(x + step(g, α)) around X
///
/// `ThreatModel` defines `step`, `project` and the range of `clip`. For the Nesterov method, the
/// gradient is taken at x + μ·α·v.
public struct GradientAscent: Sendable {
  /// The number of steps.
  public var steps: Int
  /// The step size α as a function of ε, in units of pixel values.
  public var size: @Sendable (_ epsilon: Double) -> Double
  /// The loss to increase, and how its gradient is estimated.
  public var gradient = AttackGradient()
  /// The decay factor μ of the accumulated gradient; 0 for no momentum.
  public var momentum = 0.0
  /// Whether the gradient is taken at the point to which the momentum alone would lead.
  public var looksAhead = false
  /// Whether each step ends with a projection into the ball. Otherwise pixels are only clipped to
  /// the valid range.
  public var projects = true
  /// Whether each start is a random point of the ball, and not the image itself.
  public var startsRandomly = false
  /// The standard deviation of normal noise that is added to each start, as a share of the width of
  /// the pixel range.
  var startNoise = 0.0
  /// The number of starts. The best result of each image is kept.
  public var restarts = 1
  /// Makes the loss of one run from the images, the goal and the classifier, for an attack whose
  /// loss is not an `AttackLoss`; nil for the loss of `gradient`, which also compares restarts.
  var objective: (@Sendable (Tensor, Goal, any Classifier) -> AttackObjective)?

  public init(steps: Int, size: @escaping @Sendable (_ epsilon: Double) -> Double) {
    self.steps = steps
    self.size = size
  }

  /// Makes adversarial images in the shape of `images`.
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

  /// The images after each step of the first start.
  func path(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    var places: [Tensor] = []
    _ = climb(images, goal, threat, classifier, draws) { places.append($0) }
    return places
  }

  /// Runs the loop once.
  /// - Parameter visiting: called with the images after each step.
  private func climb(
    _ images: Tensor, _ goal: Goal, _ threat: ThreatModel, _ classifier: any Classifier,
    _ draws: ExampleDraws, visiting: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    // images, x, velocity, ascent [N, …]
    let size = self.size(threat.epsilon)
    let region = goal.region
    var x =
      startsRandomly ? threat.randomStart(images, draws.purpose("start"), in: region) : images
    if startNoise > 0 {
      let noise =
        draws.purpose("start noise").normal(Array(images.shape.dropFirst()))
        * (startNoise * threat.valueRange.width)
      x = (x + region.limited(noise)).clamped(to: threat.valueRange)
    }
    var velocity = images * 0
    let estimate = gradient.estimate(
      goal, within: threat, against: classifier, of: objective?(images, goal, classifier))
    for step in 0..<steps {
      let place = looksAhead ? x + velocity * (momentum * size) : x
      var ascent = region.limited(estimate(place, draws.purpose("step \(step)")))
      if momentum > 0 {
        // The mean of |g| makes the gradients of different steps comparable: only their directions
        // count.
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

  /// The score by which the results of two starts are compared, `[N]`. An image that reaches the
  /// goal has a higher score than one that does not, because losses differ by much less than 10⁶ in
  /// practice; among equals, the larger loss wins. With several draws, it is the mean score.
  private func score(_ images: Tensor, _ goal: Goal, _ classifier: any Classifier) -> Tensor {
    let seen = gradient.expectation.query(images, goal, classifier) {
      gradient.loss.losses($0, goal)
    }
    return seen.share * 1e6 + seen.losses
  }
}
