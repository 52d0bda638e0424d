import Foundation
import ModelCore
import Support

/// The Carlini-Wagner attack (C&W) in ℓ2: looks for the smallest perturbation as the minimum of a
/// function without constraints.
///
///     minimise over w:  ‖x − X‖₂² + c·max(κ − m(x), 0)
///     with  x = middle + half·tanh(w)
///
/// m(x) is the margin by which x reaches the goal (`AttackLoss.margin`), and κ ≥ 0 is the required
/// margin. middle and half are the middle and half the width of the pixel range: since |tanh| < 1,
/// every w gives valid pixels, and no constraint remains. Adam minimises the function. For each
/// image, the weight c starts small and is multiplied by ten until the goal is reached; then
/// bisection looks for the smallest c that reaches it. Of all images seen on the way that reach the
/// goal, the nearest one is the result.
///
/// Use it where the size of the smallest ℓ2 perturbation matters more than time. Source: N. Carlini
/// and D. Wagner (2017).
///
/// Four things differ from the authors' code. First, Adam's rate decreases to zero along a cosine,
/// so that the search comes to rest. Second, the search for each c starts at the nearest image
/// found so far, and not at the original again: on a model whose boundary is curved, one search
/// moves too little along it. Third, c counts as too large only if the goal is reached in the
/// second half of the steps: the first steps may cross a boundary with any c. Fourth, an image must
/// reach the goal by more than rounding (`Goal.isClearlyReached`).
public struct CarliniWagner: SmallestPerturbationAttack, Configurable {
  public static let name = "cw"
  public static let title = "Carlini-Wagner attack"
  public static let summary =
    "smallest ℓ2 perturbation by Adam and a search over c (Carlini & Wagner 2017)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  /// The number of steps for each c.
  public var steps: Int
  /// The number of values of c that are tried for each image.
  public var searches: Int
  /// Adam's rate at the first step, in units of w.
  public var rate: Double
  /// κ, the required margin of logits.
  public var confidence: Double

  /// The first value of c, as in the authors' code.
  private static let firstWeight = 1e-3
  /// The largest |tanh(w)| at the start. At ±1, w would be infinite and the slope of tanh zero.
  private static let reach = 0.999999

  public init(steps: Int = 300, searches: Int = 9, rate: Double = 0.05, confidence: Double = 0) {
    self.steps = steps
    self.searches = searches
    self.rate = rate
    self.confidence = confidence
  }

  public static let settings: [Setting<CarliniWagner>] = [
    .int("steps", \.steps, in: 1...1_000_000, "number of steps for each c"),
    .int("searches", \.searches, in: 1...100, "number of values of c tried for each image"),
    .double("rate", \.rate, in: 1e-9...1e3, "Adam's rate at the first step"),
    .double(
      "confidence", \.confidence, in: 0...1e6, "κ, the required margin of logits"),
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
    // images [N, …]; for the M images that do not reach the goal yet: x, the best image (or the
    // original), its distance, weight (c) and the ends low and high of its interval, all [M]
    var active = ActiveImages(images, goal, draws)
    active.leave(where: isReached(withoutGradients { classifier.logits(images) }, goal))
    guard !active.isEmpty else { return active.results }
    let none = Tensor.zeros([active.places.count], device: images.device)
    var distance = none + .infinity
    var weight = none + Self.firstWeight
    var low = none
    var high = none + .infinity
    for _ in 0..<searches {
      let found = descend(
        from: active.x, active.originals, active.goal, weight, classifier)
      let nearer = found.distance.isLess(than: distance)
      active.x = nearer.perImage(like: active.x).choose(found.images, else: active.x)
      distance = nearer.choose(found.distance, else: distance)
      // c is large enough if the goal was still reached in the second half of the steps, and too
      // small otherwise. As long as no c was large enough, high is infinite.
      high = found.staysThere.choose(weight.minimum(high), else: high)
      low = found.staysThere.choose(low, else: weight.maximum(low))
      weight = high.isFinite.choose((low + high) / 2, else: weight * 10)
    }
    active.leaveAll()
    return active.results
  }

  /// Minimises the function with Adam, from the images `start`, with a fixed weight c for each
  /// image, `[M]`.
  /// - Returns: the nearest image that reaches the goal, `[M, …]`, its distance `[M]` (∞ if there
  ///   is none), and whether an image reached the goal in the second half of the steps, `[M]`.
  private func descend(
    from start: Tensor, _ originals: Tensor, _ goal: Goal, _ weight: Tensor,
    _ classifier: any Classifier
  ) -> (images: Tensor, distance: Tensor, staysThere: Tensor) {
    // start, originals, w, x, bend (tanh w), move (x − X), slope [M, …]; weight, distance [M]
    let range = classifier.valueRange
    let half = (range.upperBound - range.lowerBound) / 2
    let middle = (range.upperBound + range.lowerBound) / 2
    var best = originals
    var distance = Tensor.full(.infinity, shape: weight.shape, device: weight.device)
    var staysThere = distance.isFinite
    // w of the start: atanh(t) = ½·ln((1 + t) / (1 − t)), with t the pixel scaled to (−1, 1).
    let place = (start - middle) * (Self.reach / half)
    var w = ((place + 1) / (1 - place)).logarithm * 0.5
    var adam = AdamSteps(rate: rate, like: w)
    for step in 0..<steps {
      let bend = w.tanh
      let x = goal.region.limited((bend * half + middle).clamped(to: range), around: originals)
      let move = x - originals
      let seen = classifier.lossAndGradient(at: x) { logits in
        (confidence - AttackLoss.margin.losses(logits, goal)).maximum(0) * weight
      }
      let reached = isReached(seen.logits, goal).and(goal.isClearlyReached(seen.logits))
      let length = norm.size(move)
      let nearer = reached.and(length.isLess(than: distance))
      best = nearer.perImage(like: x).choose(x, else: best)
      distance = nearer.choose(length, else: distance)
      if step >= steps / 2 { staysThere = staysThere.or(reached) }

      // The chain rule: d tanh(w)/dw = 1 − tanh²(w), so dx/dw = half·(1 − tanh²(w)).
      let slope = goal.region.limited((move * 2 + seen.gradient) * (1 - bend.square) * half)
      w = w - adam.next(slope) * StepSchedule.cosine(step, of: steps)
    }
    return (best, distance, staysThere)
  }

  private func isReached(_ logits: Tensor, _ goal: Goal) -> Tensor {
    goal.isReached(logits.predictedClasses).and(
      AttackLoss.margin.losses(logits, goal).isAtLeast(confidence))
  }
}
