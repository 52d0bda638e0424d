import ModelCore
import Support

/// The boundary attack: a random walk along the decision boundary towards the original, from
/// predicted classes alone, in ℓ2.
///
/// From an image x that reaches the goal, at the distance d = ‖x − X‖₂ from its original X, each
/// step proposes a point:
///
///     s = X + d·(x + η − X) / ‖x + η − X‖₂, with a random η orthogonal to x − X of length δ·d
///     x′ = X + (1 − ε)·(s − X)
///
/// s is as far from X as x is, and x′ is nearer. x moves to x′ if x′ reaches the goal. δ and ε
/// adapt for each image: where the boundary is flat, about half of the points s reach the goal for
/// a small δ. Every fifth step asks about s, too. If more than half of ten such points reach the
/// goal, δ and ε grow by the factor 1.5; if fewer than a fifth do, they shrink by it. If more than
/// a quarter of thirty points x′ reach the goal, ε grows; if fewer than a tenth do, it shrinks.
///
/// Use it as the classical decision-based attack in a comparison; with a thousand queries,
/// `hopskipjump` and `surfree` come much nearer. See `DecisionSearch` for the start. Source: W.
/// Brendel, J. Rauber and M. Bethge (2018). The shares at which δ and ε change are those of the
/// authors' code, which asks about s in every tenth step and changes δ after a hundred of them;
/// small budgets need a faster change.
public struct BoundaryAttack: SmallestPerturbationAttack, Configurable {
  public static let name = "boundary"
  public static let title = "boundary attack"
  public static let summary =
    "random walk along the boundary from predicted classes alone (Brendel et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  /// The largest number of queries for each image.
  public var queries: Int
  /// δ of the first step, as a share of the distance.
  public var sphere: Double
  /// ε of the first step, as a share of the distance.
  public var source: Double

  /// The factor by which δ and ε grow or shrink.
  private static let factor = 1.5
  /// The halvings of the first way from the start to the boundary.
  private static let halvings = 12

  public init(queries: Int = 5000, sphere: Double = 0.01, source: Double = 0.01) {
    self.queries = queries
    self.sphere = sphere
    self.source = source
  }

  public var usesGradients: Bool { false }

  public static let settings: [Setting<BoundaryAttack>] = [
    .int("queries", \.queries, in: 1...10_000_000, "query budget for each image"),
    .double(
      "sphere", \.sphere, in: 1e-6...1,
      "δ, length of the first step along the sphere as a share of the distance"),
    .double(
      "source", \.source, in: 1e-6...0.5,
      "ε, length of the first step towards the original as a share of the distance"),
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
    // images [N, …]; for the M active images: move (x − X), around (s − X) [M, …]; delta, epsilon
    // [M]
    var search = DecisionSearch(images, goal, draws, classifier, norm: norm, queries: queries)
    guard !search.isEmpty else { return search.results }
    search.bisect(Self.halvings)
    var spheres = SuccessWindow(length: 10, 0.2...0.5, images: search.rows.count)
    var steps = SuccessWindow(length: 30, 0.1...0.25, images: search.rows.count)
    var delta = search.distance * 0 + sphere
    var epsilon = search.distance * 0 + source
    for step in 1... {
      if let staying = search.finish(below: 2) {
        (delta, epsilon) = (delta.indexSelect(0, staying), epsilon.indexSelect(0, staying))
        spheres.keep(staying)
        steps.keep(staying)
      }
      guard !search.isEmpty else { break }
      let originals = search.active.originals
      let move = search.active.x - originals
      let around = turned(
        move, by: delta, search.active.draws.purpose("step \(step)"), search.active.goal.region)
      if step % 5 == 0 {
        let answers = search.ask(search.valid(originals + around))
        let change = spheres.change(after: answers, by: Self.factor, like: delta)
        (delta, epsilon) = ((delta * change).minimum(1), (epsilon * change).minimum(0.5))
      }
      let points = search.valid(originals + around * (1 - epsilon).perImage(like: around))
      let moved = Set(search.move(to: points, search.rows))
      let change = steps.change(
        after: search.rows.map(moved.contains), by: Self.factor, like: epsilon)
      epsilon = (epsilon * change).minimum(0.5)
      search.keepNearest()
    }
    return search.results
  }

  /// The perturbation turned by a random angle whose tangent is δ, at the same length: s − X.
  private func turned(
    _ move: Tensor, by delta: Tensor, _ draws: ExampleDraws, _ region: Region
  ) -> Tensor {
    // move, random, side [M, …]; distance [M]
    let distance = norm.size(move)
    let unit = move / distance.maximum(1e-12).perImage(like: move)
    let random = region.limited(draws.normal(Array(move.shape.dropFirst())))
    let along = (random * unit).flattened.sum([1])
    let side = random - unit * along.perImage(like: move)
    let length = norm.size(side).maximum(1e-12)
    let sum = move + side * (delta * distance / length).perImage(like: move)
    return sum * (distance / norm.size(sum).maximum(1e-12)).perImage(like: move)
  }
}

/// Adapts a step of each image to the share of proposals that succeed, in windows of some
/// proposals.
private struct SuccessWindow {
  /// The number of proposals in a window.
  let length: Int
  /// A step grows above the upper share of successes, and shrinks below the lower one.
  let shares: ClosedRange<Double>
  private var counts: [Int]
  private var successes: [Int]

  init(length: Int, _ shares: ClosedRange<Double>, images: Int) {
    self.length = length
    self.shares = shares
    counts = [Int](repeating: 0, count: images)
    successes = counts
  }

  /// Counts one proposal for each image.
  /// - Returns: the factor for each image's step: `factor`, 1 or 1/`factor`, `[M]`. It is 1 unless
  ///   the proposal completes a window.
  mutating func change(after answers: [Bool], by factor: Double, like steps: Tensor) -> Tensor {
    let factors = answers.enumerated().map { row, answer -> Float in
      counts[row] += 1
      successes[row] += answer ? 1 : 0
      guard counts[row] == length else { return 1 }
      let share = Double(successes[row]) / Double(length)
      (counts[row], successes[row]) = (0, 0)
      return Float(
        share > shares.upperBound ? factor : share < shares.lowerBound ? 1 / factor : 1)
    }
    return Tensor(factors, shape: [factors.count]).to(steps.device)
  }

  mutating func keep(_ staying: Tensor) {
    let rows = staying.int64s().map(Int.init)
    counts = rows.map { counts[$0] }
    successes = rows.map { successes[$0] }
  }
}
