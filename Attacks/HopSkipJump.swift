import Foundation
import ModelCore
import Support

/// HopSkipJump: a decision-based attack, which needs nothing but the predicted class, in ℓ2 or ℓ∞.
///
/// Each round t = 1, 2, … takes an image x on the boundary, estimates the direction in which the
/// classifier's decision changes, jumps along it and comes back to the boundary by bisection:
///
///     v = Σ (φ(x + δu) − φ̄)·u, over ⌊B₀·√t⌋ random unit vectors u
///     x ← x + ξ·v / ‖v‖₂ in ℓ2, and x + ξ·sign(v) in ℓ∞, with ξ = ‖x − X‖ / √t
///     x ← the boundary between X and x
///
/// φ is 1 where the goal is reached and −1 elsewhere, and φ̄ is its mean over the samples, which
/// makes the estimate less random. At the boundary, φ is more often 1 on the side that the gradient
/// of the margin points to, so that v approaches the direction of this gradient. ξ is halved until
/// the image reaches the goal. δ is ‖x − X‖·γ/D for an image of D features, and a tenth of the
/// pixel range in the first round. A bisection ends at the share θ = γ/D^(3/2) of the distance
/// (γ/D² in ℓ∞). Neither falls below 2⁻²¹, where float32 no longer tells points apart.
///
/// Use it against a model that gives no scores, or to check that a model's robustness is not an
/// effect of hidden gradients. See `DecisionSearch` for the start: a target is reached only where
/// some noise happens to be of that class. Source: J. Chen, M. Jordan and M. Wainwright (2020),
/// Algorithm 2. The budget is a number of queries instead of rounds, and counts every query.
public struct HopSkipJump: SmallestPerturbationAttack, Configurable {
  public static let name = "hopskipjump"
  public static let title = "HopSkipJump attack"
  public static let summary =
    "small perturbation from predicted classes alone; ℓ2 or ℓ∞ (Chen et al. 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  /// The largest number of queries for each image.
  public var queries: Int
  /// B₀, the number of samples for the first estimate of a direction.
  public var samples: Int
  /// γ, which scales the precision of a bisection and the distance of samples.
  public var gamma: Double

  /// The largest number of samples for one estimate.
  private static let mostSamples = 10_000
  /// The largest number of times that a jump is halved.
  private static let halvings = 16
  /// The smallest precision of a bisection, and the smallest change of a pixel in a sample as a
  /// share of the pixel range: a few times the rounding of float32.
  private static let resolution = 0x1p-21

  public init(norm: Norm = .l2, queries: Int = 5000, samples: Int = 100, gamma: Double = 1) {
    self.norm = norm
    self.queries = queries
    self.samples = samples
    self.gamma = gamma
  }

  public var usesGradients: Bool { false }

  public static let settings: [Setting<HopSkipJump>] = [
    .norm(\.norm, of: [.l2, .linf]),
    .int("queries", \.queries, in: 1...10_000_000, "query budget for each image"),
    .int(
      "samples", \.samples, in: 2...10_000, "B₀, samples for the first estimate of a direction"),
    .double(
      "gamma", \.gamma, in: 1e-6...1e6,
      "γ, scale of the precision of a bisection and of the distance of samples"),
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
    // images [N, …]; for the M active images: x, direction [M, …]; size, radius (δ) [M]
    let features = Double(classifier.inputShape.count)
    let width = classifier.valueRange.width
    let precision = gamma / (norm == .l2 ? features * features.squareRoot() : features * features)
    let bisection = Int(ceil(-log2(min(0.5, max(precision, Self.resolution)))))
    var search = DecisionSearch(images, goal, draws, classifier, norm: norm, queries: queries)
    guard !search.isEmpty else { return search.results }
    let unit = ThreatModel(norm, epsilon: 1, valueRange: classifier.valueRange)
    var size = search.distance
    search.bisect(bisection)
    for round in 1... {
      // A round is worth its queries if it has some samples, a jump and a whole bisection.
      let others = bisection + 4
      if let staying = search.finish(below: others + 10) { size = size.indexSelect(0, staying) }
      guard !search.isEmpty else { break }
      let count = min(Self.mostSamples, Int(Double(samples) * Double(round).squareRoot()))
      let floor = features.squareRoot() * Self.resolution * width
      let radius =
        round == 1 ? search.distance * 0 + 0.1 * width : (size * (gamma / features)).maximum(floor)
      let direction = unit.step(
        estimate(
          &search, at: radius, samples: search.left.map { min(count, $0 - others) }, round: round),
        size: 1)
      jump(&search, along: direction, by: search.distance / Double(round).squareRoot())
      size = search.distance
      search.bisect(bisection)
    }
    return search.results
  }

  /// The estimated direction v of each image, `[M, …]`.
  ///
  /// Each sample has random numbers of its own, and samples are added one by one, so the estimate
  /// does not depend on how many samples pass through the classifier at once. The factor 2 between
  /// φ and yes-or-no answers is left out, because only the direction matters.
  /// - Parameters:
  ///   - radius: δ, `[M]`.
  ///   - samples: the number of samples of each image.
  private func estimate(
    _ search: inout DecisionSearch, at radius: Tensor, samples: [Int], round: Int
  ) -> Tensor {
    // x, points, total (Σ δu), reaching (the sum over the samples that reach the goal) [M, …]
    let x = search.active.x
    let shape = Array(x.shape.dropFirst())
    let own = search.active.draws.purpose("round \(round)")
    let region = search.active.goal.region
    var (total, reaching) = (x * 0, x * 0)
    var yes = [Double](repeating: 0, count: samples.count)
    let most = samples.max() ?? 0
    for first in stride(from: 0, to: most, by: search.samplesAtOnce) {
      let chunk = Array(first..<min(most, first + search.samplesAtOnce))
      let points = chunk.map { sample in
        let numbers = own.purpose("sample \(sample)")
        let random = region.limited(
          norm == .linf ? numbers.uniform(shape, in: -1..<1) : numbers.normal(shape))
        let length = Norm.l2.size(random).maximum(1e-12)
        return search.valid(x + random * (radius / length).perImage(like: x))
      }
      // Images with fewer samples are not asked about the later ones.
      let pairs = chunk.indices.flatMap { place in
        samples.indices.filter { chunk[place] < samples[$0] }.map { (place: place, row: $0) }
      }
      let asked = pairs.map { $0.place * samples.count + $0.row }
      let answers = search.ask(
        Tensor.concatenate(points).indexSelect(0, Tensor(labels: asked).to(x.device)),
        of: pairs.map(\.row))
      var (isAsked, isReached) = (
        [Float](repeating: 0, count: chunk.count * samples.count),
        [Float](repeating: 0, count: chunk.count * samples.count)
      )
      for ((place, answer), row) in zip(zip(asked, answers), pairs.map(\.row)) {
        isAsked[place] = 1
        isReached[place] = answer ? 1 : 0
        yes[row] += answer ? 1 : 0
      }
      let shape = [chunk.count, samples.count]
      let (counts, hits) = (
        Tensor(isAsked, shape: shape).to(x.device), Tensor(isReached, shape: shape).to(x.device)
      )
      for (place, point) in points.enumerated() {
        let move = point - x
        total = total + move * counts.select(0, place).perImage(like: move)
        reaching = reaching + move * hits.select(0, place).perImage(like: move)
      }
    }
    // φ̄ is left out if all samples agree: then v = ±Σ u.
    let shares = zip(yes, samples).map { yes, count in
      yes == Double(count) ? Float(0) : yes == 0 ? 1 : Float(yes / Double(count))
    }
    let share = Tensor(shares, shape: [shares.count]).to(x.device)
    return (reaching - total * share.perImage(like: total)).finiteOrZero
  }

  /// Moves the images along a direction by a distance that is halved until they reach the goal.
  /// Images that never do stay where they are.
  private func jump(
    _ search: inout DecisionSearch, along direction: Tensor, by distance: Tensor
  ) {
    let x = search.active.x
    var distance = distance
    var waiting = search.rows
    for _ in 0..<Self.halvings where !waiting.isEmpty {
      let points = search.valid(x + direction * distance.perImage(like: x))
      let moved = Set(search.move(to: points, waiting))
      waiting = waiting.filter { !moved.contains($0) && search.left[$0] > 0 }
      distance = distance / 2
    }
  }
}
