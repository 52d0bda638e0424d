import Foundation
import ModelCore
import Support

/// SurFree: a decision-based attack without an estimate of a gradient, from predicted classes
/// alone, in ℓ2.
///
/// Let x be an image that reaches the goal, at the distance d from its original X in the direction
/// u. Each step draws a random direction v orthogonal to u and to the last directions, and looks at
/// the half circle through x and X that u and v span:
///
///     z(α) = X + d·cos α·(cos α·u + sin α·v)
///
/// z(0) is x, and z(α) is nearer to X by the factor cos α. If the boundary is flat, every direction
/// v that is not parallel to it leads to a nearer point on one side. The step asks about z(±α); if
/// one of them reaches the goal, |α| grows by doubling and then by bisection as far as the goal is
/// reached, and x moves there. α grows after a success and shrinks after a failure.
///
/// v is random in the low frequencies: a random choice of −1, 0 or 1 for each coefficient of the
/// discrete cosine transform in the lower half of both axes, times tanh of the coefficient of X. So
/// v changes what the image has, and gradients of networks are mostly there. Rows of a table get a
/// normally distributed v.
///
/// Use it where a thousand queries must do; with more of them, `hopskipjump` goes farther. It keeps
/// the last directions in memory: `directions` copies of the batch. See `DecisionSearch` for the
/// start. Source: T. Maho, T. Furon and E. Le Merrer (2021). Their search tries three sizes of α
/// and halves up to ten times; here it tries one size and halves twice, because more directions
/// were worth more than better angles.
public struct SurFree: SmallestPerturbationAttack, Configurable {
  public static let name = "surfree"
  public static let title = "SurFree"
  public static let summary =
    "small perturbation along random circles, from predicted classes alone (Maho et al. 2021)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  /// The largest number of queries for each image.
  public var queries: Int
  /// The number of earlier directions that a new one is orthogonal to.
  public var directions: Int
  /// The first α, in degrees.
  public var angle: Double
  /// ρ, the factor by which α shrinks after a failure; after a success it grows by 1/ρ.
  public var shrinking: Double

  /// The halvings of the first way from the start to the boundary.
  private static let halvings = 12
  /// The halvings of the interval in which the best angle lies.
  private static let refinements = 2

  public init(
    queries: Int = 5000, directions: Int = 100, angle: Double = 30, shrinking: Double = 0.98
  ) {
    self.queries = queries
    self.directions = directions
    self.angle = angle
    self.shrinking = shrinking
  }

  public var usesGradients: Bool { false }

  public static let settings: [Setting<SurFree>] = [
    .int("queries", \.queries, in: 1...10_000_000, "query budget for each image"),
    .int(
      "directions", \.directions, in: 0...10_000,
      "number of earlier directions that a new one is orthogonal to"),
    .double("angle", \.angle, in: 0.01...89, "first α, the angle of a step in degrees"),
    .double(
      "shrinking", \.shrinking, in: 0.01...1, "ρ, factor by which α shrinks after a failure"),
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
    // images [N, …]; for the M active images: move (x − X), across (v) and each of the earlier ones
    // [M, …]; angles (α) M numbers
    var search = DecisionSearch(images, goal, draws, classifier, norm: norm, queries: queries)
    guard !search.isEmpty else { return search.results }
    search.bisect(Self.halvings)
    var angles = [Double](repeating: angle, count: search.rows.count)
    var earlier: [Tensor] = []
    let transform =
      images.rank == 4
      ? CosineTransform(height: images.shape[2], width: images.shape[3], on: images.device) : nil
    // The size of each coefficient of v.
    var spectrum = transform.map { transform in
      let range = classifier.valueRange
      let unit = (search.active.originals - range.lowerBound) / range.width
      let sizes = transform.forward(unit).tanh * transform.lowFrequencies
      // A picture without any content has no sizes: all low frequencies then count alike.
      let isEmpty = sizes.flattened.absolute.max([1]).equals(0).perImage(like: sizes)
      return isEmpty.choose(transform.lowFrequencies.expanded(sizes.shape), else: sizes)
    }
    for step in 1... {
      if let staying = search.finish(below: 2) {
        angles = staying.int64s().map { angles[Int($0)] }
        earlier = earlier.map { $0.indexSelect(0, staying) }
        spectrum = spectrum?.indexSelect(0, staying)
      }
      guard !search.isEmpty else { break }
      let move = search.active.x - search.active.originals
      let along = move / norm.size(move).maximum(1e-12).perImage(like: move)
      let shape = Array(move.shape.dropFirst())
      let own = search.active.draws.purpose("step \(step)")
      let random =
        if let transform, let spectrum {
          transform.inverse(spectrum * (own.integers(below: 3, shape).to(.float32) - 1))
        } else { own.normal(shape) }
      let across = Self.orthogonal(
        search.active.goal.region.limited(random), to: along, and: earlier)
      turn(&search, Circle(move: move, along: along, across: across), &angles)
      search.keepNearest()
      earlier = (earlier + [across]).suffix(directions)
    }
    return search.results
  }

  /// Moves each image along its circle as far as it reaches the goal.
  private func turn(_ search: inout DecisionSearch, _ circle: Circle, _ angles: inout [Double]) {
    // low: the angle that reaches the goal, 0 if none does; high: one farther on that does not
    var low = [Double](repeating: 0, count: angles.count)
    func tried(_ angles: [Double], _ rows: [Int]) -> Set<Int> {
      let points = search.valid(search.active.originals + circle.point(at: angles))
      let moved = search.move(to: points, rows.filter { search.left[$0] > 0 })
      for row in moved { low[row] = angles[row] }
      return Set(moved)
    }
    var waiting = search.rows
    for sign in [1.0, -1] where !waiting.isEmpty {
      let moved = tried(angles.map { $0 * sign }, waiting)
      waiting = waiting.filter { !moved.contains($0) }
    }
    let successes = search.rows.filter { low[$0] != 0 }
    for row in search.rows {
      angles[row] = low[row] != 0 ? min(angles[row] / shrinking, 89) : angles[row] * shrinking
    }
    guard !successes.isEmpty else { return }
    var high = low.map { $0 < 0 ? -90.0 : 90.0 }
    var growing = successes
    while !growing.isEmpty {
      growing = growing.filter { abs(low[$0]) < 45 && search.left[$0] > 0 }
      let doubled = low.map { 2 * $0 }
      let moved = tried(doubled, growing)
      for row in growing where !moved.contains(row) { high[row] = doubled[row] }
      growing = growing.filter(moved.contains)
    }
    for _ in 0..<Self.refinements {
      let middle = zip(low, high).map { ($0 + $1) / 2 }
      let moved = tried(middle, successes)
      for row in successes where !moved.contains(row) { high[row] = middle[row] }
    }
  }

  /// The parts of directions that are orthogonal to u and, as far as possible, to earlier unit
  /// vectors, with length 1, all `[M, …]`.
  ///
  /// u comes last, so that the result is orthogonal to it up to rounding: the earlier ones are not
  /// orthogonal to u. Where they span the whole space, nothing but rounding would be left, and the
  /// direction is made orthogonal to u alone.
  static func orthogonal(_ directions: Tensor, to u: Tensor, and earlier: [Tensor]) -> Tensor {
    func without(_ unit: Tensor, _ rest: Tensor) -> Tensor {
      rest - unit * (rest * unit).flattened.sum([1]).perImage(like: unit)
    }
    let rest = without(u, earlier.reduce(directions) { without($1, $0) })
    let size = Norm.l2.size(directions)
    let isSpanned = Norm.l2.size(rest).isLess(than: size * 1e-3).perImage(like: rest)
    let chosen = isSpanned.choose(without(u, directions), else: rest)
    return chosen / Norm.l2.size(chosen).maximum(1e-12).perImage(like: chosen)
  }
}

/// The half circles through the perturbations of some images and zero.
private struct Circle {
  /// x − X, its direction u, and v, `[M, …]`.
  let move, along, across: Tensor

  /// The perturbations at angles in degrees, one for each image: d·cos α·(cos α·u + sin α·v).
  func point(at angles: [Double]) -> Tensor {
    func scaled(_ values: [Double]) -> Tensor {
      (Tensor(values.map(Float.init), shape: [values.count]).to(move.device)
        * Norm.l2.size(move)).perImage(like: move)
    }
    let radians = angles.map { $0 * .pi / 180 }
    return along * scaled(radians.map { cos($0) * cos($0) })
      + across * scaled(radians.map { cos($0) * sin($0) })
  }
}
