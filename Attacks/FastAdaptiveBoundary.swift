import ModelCore
import Support

/// The fast adaptive boundary attack (FAB): looks for the smallest perturbation by walking along
/// the decision boundary towards the original image X.
///
/// At each step the boundary between the label y and a target class t is replaced by its linear
/// approximation at x, the hyperplane z[t] − z[y] + ⟨∇ₓ(z[t] − z[y]), x′ − x⟩ = 0 in x′.
/// `BoxedHyperplane` gives d₁ and d₂, the smallest moves from x and from X onto it that keep pixels
/// valid. The step goes mostly to the boundary near x, and partly to the boundary point nearest to
/// X:
///
///     α = min(‖d₁‖ / (‖d₁‖ + ‖d₂‖), 0.1)
///     x ← clip((1 − α)·(x + η·d₁) + α·(X + η·d₂)), with η = 1.05 to cross the boundary
///
/// If x is then across the boundary by more than rounding (`Goal.isClearlyReached`), it is kept if
/// it is the nearest such point so far, and the walk goes on from X + β·(x − X) with β = 0.9,
/// closer to X.
///
/// Without a target, the attack does this for each of the most likely wrong classes in turn and
/// keeps the nearest result. Use it where the size of the smallest perturbation matters, in ℓ∞ or
/// ℓ2. Source: F. Croce and M. Hein (2020); the values of η, β and the bound 0.1 on α are
/// published.
public struct FastAdaptiveBoundary: SmallestPerturbationAttack, Configurable {
  public static let name = "fab"
  public static let title = "fast adaptive boundary attack"
  public static let summary =
    "smallest perturbation along the decision boundary; ℓ∞ or ℓ2 (Croce & Hein 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  public var steps: Int
  /// The number of wrong classes that are tried, from the most likely one on.
  public var classes: Int
  public var expectation: ExpectationOverDraws

  public init(
    norm: Norm = .linf, steps: Int = 100, classes: Int = 9,
    over expectation: ExpectationOverDraws = ExpectationOverDraws()
  ) {
    self.norm = norm
    self.steps = steps
    self.classes = classes
    self.expectation = expectation
  }

  public static let settings: [Setting<FastAdaptiveBoundary>] = [
    .norm(\.norm, of: [.linf, .l2]),
    .int("steps", \.steps, in: 1...100_000, "number of steps towards each class"),
    .int(
      "classes", \.classes, in: 1...10_000,
      "number of wrong classes tried, from the most likely one on"),
    .group(\.expectation),
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
    // images [N, …], logits [N, K]
    let logits = withoutGradients { expectation.mean { _ in classifier.logits(images) } }
    let leaving = goal.labels ?? logits.predictedClasses
    if let targets = goal.targets {
      return walk(images, from: leaving, towards: targets, until: goal, classifier).images
    }
    var best = images
    var distance = Tensor.full(.infinity, shape: [images.shape[0]], device: images.device)
    for targets in LikeliestClasses.wrong(logits, leaving, classes) {
      let found = walk(images, from: leaving, towards: targets, until: goal, classifier)
      let nearer = found.distance.isLess(than: distance)
      best = nearer.perImage(like: images).choose(found.images, else: best)
      distance = nearer.choose(found.distance, else: distance)
    }
    return best
  }

  /// Walks towards one target class of each image.
  /// - Returns: the nearest image found that reaches the goal, and its distance `[N]`; the original
  ///   and ∞ if there is none.
  private func walk(
    _ images: Tensor, from labels: Tensor, towards targets: Tensor, until goal: Goal,
    _ classifier: any Classifier
  ) -> (images: Tensor, distance: Tensor) {
    // images, x [N, …]; flat, origin, normals [N, D]; gap, offsets [N]; moves [2N, D]: d₁, then d₂
    let origin = images.flattened
    var x = images
    var best = images
    var distance = Tensor.full(.infinity, shape: [images.shape[0]], device: images.device)
    for _ in 0..<steps {
      let (gap, slope, _) = expectation.look(at: x, until: goal, classifier) { logits in
        AttackLoss.pick(logits, targets) - AttackLoss.pick(logits, labels)
      }
      let flat = x.flattened
      // In a region, the hyperplane's normal has no part outside of it, and so have the moves.
      let normals = goal.region.limited(slope).flattened
      // The hyperplane gap + ⟨w, x′ − x⟩ = 0, written as ⟨w, x′⟩ = ⟨w, x⟩ − gap.
      let offsets = (normals * flat).sum([1]) - gap
      let moves = BoxedHyperplane.move(
        from: Tensor.concatenate([flat, origin]), normals: Tensor.concatenate([normals, normals]),
        offsets: Tensor.concatenate([offsets, offsets]), norm: norm, box: classifier.valueRange)
      let lengths = norm.size(moves).maximum(1e-8)
      let count = images.shape[0]
      let half = { (tensor: Tensor, part: Int) in tensor.narrow(0, part * count, count) }
      let share = (half(lengths, 0) / (half(lengths, 0) + half(lengths, 1))).clamped(to: 0...0.1)
        .reshaped([-1, 1])
      let ahead = flat + half(moves, 0) * 1.05
      let back = origin + half(moves, 1) * 1.05
      let mixed = (ahead * (1 - share) + back * share).clamped(to: classifier.valueRange)
      x = goal.region.limited(mixed.reshaped(images.shape), around: images)

      let across = expectation.isClearlyReached(goal, x, classifier)
      let length = norm.size(x - images)
      let nearer = across.and(length.isLess(than: distance))
      best = nearer.perImage(like: x).choose(x, else: best)
      distance = nearer.choose(length, else: distance)
      x = across.perImage(like: x).choose(images + (x - images) * 0.9, else: x)
    }
    return (best, distance)
  }
}

/// The wrong classes that a classifier considers most likely.
enum LikeliestClasses {
  /// For each rank, the class of this rank among all classes except the label.
  /// - Returns: int64 `[N]` for each rank, at most `count` of them.
  static func wrong(_ logits: Tensor, _ labels: Tensor, _ count: Int) -> [Tensor] {
    // logits [N, K], labels [N]
    let classes = logits.shape[1]
    let ranked = logits.excluding(labels, as: -.infinity).topK(min(count, classes - 1), 1).indices
    return (0..<ranked.shape[1]).map { ranked.select(1, $0) }
  }
}
