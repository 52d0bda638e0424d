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
public struct CarliniWagner: SmallestPerturbationAttack {
  public static let name = "cw"
  public static let title = "Carlini-Wagner attack"
  public static let summary =
    "smallest ℓ2 perturbation by Adam and a search over c (Carlini & Wagner 2017)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  /// Steps for each c.
  public let steps: Int
  /// How many values of c are tried for each image.
  public let searches: Int
  /// Adam's rate at the first step, in units of w.
  public let rate: Double
  /// κ: the margin to be reached.
  public let confidence: Double

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

  public init(_ settings: Settings) throws {
    steps = try settings.int("steps", default: 300, in: 1...1_000_000, "steps for each c")
    searches = try settings.int(
      "searches", default: 9, in: 1...100, "values of c tried for each image")
    rate = try settings.double(
      "rate", default: 0.05, in: 1e-9...1e3, "Adam's rate at the first step")
    confidence = try settings.double(
      "confidence", default: 0, in: 0...1e6, "κ, the margin of logits to be reached")
  }

  public var parameters: [String: String] {
    [
      "steps": "\(steps)", "searches": "\(searches)", "rate": "\(rate)",
      "confidence": "\(confidence)",
    ]
  }

  public func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, random: RandomSource
  )
    -> Tensor
  {
    // images [N, C, H, W]; of the images that are not at the goal yet: distance, weight, low, high
    // [M]
    var open = ActiveImages(images, goal)
    open.leave(where: isReached(withoutGradients { classifier.logits(images) }, goal))
    guard !open.isEmpty else { return open.results }
    let none = Tensor.zeros([open.places.count], device: images.device)
    var distance = none + .infinity
    var weight = none + Self.firstWeight
    var low = none
    var high = none + .infinity
    for _ in 0..<searches {
      let found = descend(open.originals, open.goal, weight, classifier)
      let nearer = found.distance.isLess(than: distance)
      open.x = nearer.perImage(like: open.x).choose(found.images, else: open.x)
      distance = nearer.choose(found.distance, else: distance)
      high = found.staysThere.choose(weight.minimum(high), else: high)
      low = found.staysThere.choose(low, else: weight.maximum(low))
      weight = high.isFinite.choose((low + high) / 2, else: weight * 10)
    }
    open.leaveAll()
    return open.results
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
      let seen = look(x, goal, weight, classifier)
      let length = norm.size(move)
      let nearer = seen.reached.and(length.isLess(than: distance))
      best = nearer.perImage(like: x).choose(x, else: best)
      distance = nearer.choose(length, else: distance)
      if step >= steps / 2 { staysThere = staysThere.or(seen.reached) }

      let slope = (move * 2 + seen.slope) * (1 - bend.square) * half
      w = w - adam.next(slope) * ((1 + cos(.pi * Double(step) / Double(steps))) / 2)
    }
    return (best, distance, staysThere)
  }

  /// The gradient of c·max(κ − m, 0) in each image, and whether the goal is reached with the margin
  /// κ.
  private func look(
    _ x: Tensor, _ goal: Goal, _ weight: Tensor, _ classifier: any Classifier
  ) -> (slope: Tensor, reached: Tensor) {
    withGradients {
      let variable = x.tracked
      let logits = classifier.logits(variable)
      let hinge = (confidence - AttackLoss.margin.losses(logits, goal)).maximum(0) * weight
      return (hinge.sum().gradient(of: variable).detached, isReached(logits.detached, goal))
    }
  }

  private func isReached(_ logits: Tensor, _ goal: Goal) -> Tensor {
    goal.isReached(logits.predictedClasses).and(
      AttackLoss.margin.losses(logits, goal).isAtLeast(confidence))
  }
}
