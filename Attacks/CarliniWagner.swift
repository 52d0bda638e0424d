import Foundation
import ModelCore
import Support

/// The Carlini-Wagner ℓ2 attack: the smallest perturbation as an unconstrained problem,
///
///     min over w of ‖x − x₀‖₂² + c·max(κ − m(x), 0),  x = middle + half·tanh(w), which keeps pixels valid
///
/// with m the margin by which x is at the goal, solved by Adam; for each image c is found by
/// bisection, after it grew tenfold until the goal was reached, and the nearest image seen on the
/// way is kept. Carlini & Wagner, 2017.
///
/// Two things differ from its authors' code, which on linear models ends up to 50 % beyond the
/// boundary: Adam's rate falls to zero along a cosine, so that the way ends at rest; and c is too
/// large only if the goal is still reached in the second half of the steps, since the first ones
/// cross a near boundary with any c.
public struct CarliniWagner: SmallestPerturbationAttack, Configurable {
  public static let name = "cw"
  public static let title = "Carlini-Wagner attack"
  public static let summary =
    "smallest ℓ2 perturbation by Adam and a search over c (Carlini & Wagner 2017)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  /// Steps for each c.
  public var steps: Int
  /// How many values of c are tried for each image.
  public var searches: Int
  /// Adam's rate at the first step, in units of w.
  public var rate: Double
  /// κ: the margin to be reached.
  public var confidence: Double

  /// The first c; the authors' value.
  private static let firstWeight = 1e-3
  /// How near to the ends of the range tanh may get; at the ends themselves it has no slope.
  private static let reach = 0.999999

  public init(steps: Int = 300, searches: Int = 9, rate: Double = 0.05, confidence: Double = 0) {
    self.steps = steps
    self.searches = searches
    self.rate = rate
    self.confidence = confidence
  }

  public static let settings: [Setting<CarliniWagner>] = [
    .int("steps", \.steps, in: 1...1_000_000, "steps for each c"),
    .int("searches", \.searches, in: 1...100, "values of c tried for each image"),
    .double("rate", \.rate, in: 1e-9...1e3, "Adam's rate at the first step"),
    .double(
      "confidence", \.confidence, in: 0...1e6, "κ, the margin of logits to be reached"),
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
    // images [N, C, H, W]; of the images that are not at the goal yet: distance, weight, low, high
    // [M]
    var active = ActiveImages(images, goal, draws)
    active.leave(where: isReached(withoutGradients { classifier.logits(images) }, goal))
    guard !active.isEmpty else { return active.results }
    let none = Tensor.zeros([active.places.count], device: images.device)
    var distance = none + .infinity
    var weight = none + Self.firstWeight
    var low = none
    var high = none + .infinity
    for _ in 0..<searches {
      let found = descend(active.originals, active.goal, weight, classifier)
      let nearer = found.distance.isLess(than: distance)
      active.x = nearer.perImage(like: active.x).choose(found.images, else: active.x)
      distance = nearer.choose(found.distance, else: distance)
      high = found.staysThere.choose(weight.minimum(high), else: high)
      low = found.staysThere.choose(low, else: weight.maximum(low))
      weight = high.isFinite.choose((low + high) / 2, else: weight * 10)
    }
    active.leaveAll()
    return active.results
  }

  /// Adam's way from the originals with fixed weights c `[M]`: the nearest image at the goal that
  /// it passes, its distance, which is infinite where there is none, and whether the second half of
  /// the way was at the goal.
  private func descend(
    _ originals: Tensor, _ goal: Goal, _ weight: Tensor, _ classifier: any Classifier
  ) -> (images: Tensor, distance: Tensor, staysThere: Tensor) {
    // originals, w, x [M, C, H, W]
    let range = classifier.valueRange
    let half = (range.upperBound - range.lowerBound) / 2
    let middle = (range.upperBound + range.lowerBound) / 2
    var best = originals
    var distance = Tensor.full(.infinity, shape: weight.shape, device: weight.device)
    var staysThere = distance.isFinite
    let place = (originals - middle) * (Self.reach / half)
    var w = ((place + 1) / (1 - place)).logarithm * 0.5
    var adam = AdamSteps(rate: rate, like: w)
    for step in 0..<steps {
      let bend = w.tanh
      let x = (bend * half + middle).clamped(to: range)
      let move = x - originals
      let seen = classifier.lossAndGradient(at: x) { logits in
        (confidence - AttackLoss.margin.losses(logits, goal)).maximum(0) * weight
      }
      let reached = isReached(seen.logits, goal)
      let length = norm.size(move)
      let nearer = reached.and(length.isLess(than: distance))
      best = nearer.perImage(like: x).choose(x, else: best)
      distance = nearer.choose(length, else: distance)
      if step >= steps / 2 { staysThere = staysThere.or(reached) }

      let slope = (move * 2 + seen.gradient) * (1 - bend.square) * half
      w = w - adam.next(slope) * ((1 + cos(.pi * Double(step) / Double(steps))) / 2)
    }
    return (best, distance, staysThere)
  }

  private func isReached(_ logits: Tensor, _ goal: Goal) -> Tensor {
    goal.isReached(logits.predictedClasses).and(
      AttackLoss.margin.losses(logits, goal).isAtLeast(confidence))
  }
}
