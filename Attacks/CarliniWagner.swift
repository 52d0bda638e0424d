import Foundation
import ModelCore
import Support

/// The ℓ2 attack of Carlini & Wagner: Adam on a perturbation's squared length plus c times how far the image is from its goal,
/// in a space whose every point is an image; a binary search for the smallest c of each image that works.
///
///     minimise ‖x(w) − x₀‖₂² + c·max(κ − f(x(w)), 0),  x(w) = middle + half·tanh w of the range of valid pixels
///     f: max z[j ≠ y] − z[y], or towards a target t: z[t] − max z[j ≠ t]
///
/// A found image reaches the goal with f ≥ κ. The nearest of all steps and searches is kept. Images whose loss fell by less than
/// 0.01 % over a tenth of the iterations leave the search. Carlini & Wagner, 2017, and their code.
///
/// Published are a rate of 0.01 and up to 10,000 iterations, and fewer of that rate do not get far: a black pixel is at w = −7.
/// The defaults find nearly the same lengths in 200; give rate=0.01, iterations=1000 or more to come nearer.
public struct CarliniWagner: SmallestPerturbationAttack {
  public static let name = "cw"
  public static let title = "Carlini & Wagner's ℓ2 attack"
  public static let summary = "smallest ℓ2 perturbation by Adam and a search for its weight (Carlini & Wagner 2017)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  public let iterations: Int
  public let rate: Double
  public let searches: Int
  public let confidence: Double
  /// The first c.
  public let weight: Double

  public init(
    iterations: Int = 200, rate: Double = 0.05, searches: Int = 9, confidence: Double = 0, weight: Double = 1e-3
  ) {
    self.iterations = iterations
    self.rate = rate
    self.searches = searches
    self.confidence = confidence
    self.weight = weight
  }

  public init(_ settings: Settings) throws {
    iterations = try settings.int("iterations", default: 200, in: 1...1_000_000, "Adam's steps for each weight")
    rate = try settings.double("rate", default: 0.05, in: 1e-9...1e3, "Adam's rate")
    searches = try settings.int("searches", default: 9, in: 1...100, "weights tried")
    confidence = try settings.double("confidence", default: 0, in: 0...1e6, "κ, by how much the wrong logit must lead")
    weight = try settings.double("weight", default: 1e-3, in: 1e-12...1e12, "the first c")
  }

  public var parameters: [String: String] {
    [
      "iterations": "\(iterations)", "rate": "\(rate)", "searches": "\(searches)", "confidence": "\(confidence)",
      "weight": "\(weight)",
    ]
  }

  public func nearest(_ images: Tensor, _ goal: Goal, against classifier: any Classifier, random: RandomSource)
    -> Tensor
  {
    // images [N, C, H, W], low, high, c [M]
    var open = OpenImages(images, goal)
    let logits = withoutGradients { classifier.logits(images) }
    open.leave(where: isFound(logits, goal))
    guard !open.isEmpty else { return images }
    var c = Tensor.full(weight, shape: [open.places.count], device: images.device)
    var low = c * 0
    var high = low + 1e10
    var distance = low + .infinity
    for _ in 0..<searches {
      let found = descend(open.originals, open.goal, c, classifier)
      let length = norm.size(found - open.originals)
      let works = length.isGreater(than: 0)
      let nearer = works.and(length.isLess(than: distance))
      open.x = nearer.perImage(like: found).choose(found, else: open.x)
      distance = nearer.choose(length, else: distance)
      high = works.choose(c.minimum(high), else: high)
      low = works.choose(low, else: c.maximum(low))
      c = high.isAtMost(1e9).choose((low + high) * 0.5, else: c * 10)
    }
    open.leaveAll()
    return open.results
  }

  private func isFound(_ logits: Tensor, _ goal: Goal) -> Tensor {
    goal.isReached(logits.predictedClasses).and(AttackLoss.margin.gains(logits, goal).isAtLeast(confidence))
  }

  /// The nearest adversarial images that Adam passes for weights c `[M]`; unchanged where there are none.
  private func descend(_ images: Tensor, _ goal: Goal, _ c: Tensor, _ classifier: any Classifier) -> Tensor {
    // images, w [M, C, H, W], c, distance, loss [M]
    let space = TanhSpace(range: classifier.valueRange)
    var open = OpenImages(images, goal)
    var w = space.point(of: images)
    var c = c
    var adam = AdamSteps(rate: rate, like: w)
    var distance = c * 0 + .infinity
    var before = distance
    for iteration in 0..<iterations {
      let seen = look(at: w, open, c, space, classifier)
      let nearer = seen.isFound.and(seen.distance.isLess(than: distance))
      open.x = nearer.perImage(like: w).choose(seen.images, else: open.x)
      distance = nearer.choose(seen.distance, else: distance)
      w = w - adam.next(seen.slope)
      guard iteration % max(1, iterations / 10) == 0 else { continue }
      let stalled = seen.loss.isLess(than: before * 0.9999).inverted
      before = seen.loss
      guard let rows = open.leave(where: stalled) else { continue }
      guard !open.isEmpty else { break }
      (w, c, distance, before) = (
        w.indexSelect(0, rows), c.indexSelect(0, rows), distance.indexSelect(0, rows), before.indexSelect(0, rows)
      )
      adam.keep(rows)
    }
    open.leaveAll()
    return open.results
  }

  private func look(
    at w: Tensor, _ open: OpenImages, _ c: Tensor, _ space: TanhSpace, _ classifier: any Classifier
  ) -> (images: Tensor, distance: Tensor, loss: Tensor, isFound: Tensor, slope: Tensor) {
    withGradients {
      let variable = w.tracked
      let images = space.image(of: variable)
      let logits = classifier.logits(images)
      let distance = (images - open.originals).square.sum([1, 2, 3])
      let shortfall = (confidence - AttackLoss.margin.gains(logits, open.goal)).relu
      let loss = distance + c * shortfall
      let slope = loss.sum().gradient(of: variable).detached
      let seen = logits.detached
      return (images.detached, distance.detached, loss.detached, isFound(seen, open.goal), slope)
    }
  }
}

/// The space of w, in which x(w) = middle + half·tanh w is a valid image whatever w is.
private struct TanhSpace {
  let middle: Double
  let half: Double
  let range: ClosedRange<Double>

  init(range: ClosedRange<Double>) {
    self.range = range
    middle = (range.lowerBound + range.upperBound) / 2
    half = (range.upperBound - range.lowerBound) / 2
  }

  func image(of w: Tensor) -> Tensor { (w.tanh * half + middle).clamped(to: range) }

  /// atanh of the pixels, a little inside of the range's ends, where w would be infinite.
  func point(of images: Tensor) -> Tensor {
    let inside = (images - middle) / half * 0.999_999
    return ((1 + inside) / (1 - inside)).logarithm * 0.5
  }
}
