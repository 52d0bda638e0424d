import ModelCore
import Support

/// FAB: walks along the decision boundary towards the original, by projections onto its linear
/// approximation within the box of valid pixels; looks for the smallest perturbation. In its
/// targeted form, towards each of the likeliest wrong classes in turn.
///
///     d₁, d₂: moves from x and from the original onto the approximated boundary
///     α = min(‖d₁‖ / (‖d₁‖ + ‖d₂‖), 0.1);  x ← clip((1 − α)·(x + η·d₁) + α·(x₀ + η·d₂))
///     x across the boundary: x ← x₀ + β·(x − x₀)
///
/// Croce & Hein, 2020; α ≤ 0.1, η = 1.05 and β = 0.9 as published.
public struct FastAdaptiveBoundary: SmallestPerturbationAttack, Configurable {
  public static let name = "fab"
  public static let title = "fast adaptive boundary attack"
  public static let summary =
    "smallest perturbation by projections onto the boundary; ℓ∞ or ℓ2 (Croce & Hein 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  public var steps: Int
  /// How many wrong classes are tried, the likeliest first.
  public var classes: Int

  public init(norm: Norm = .linf, steps: Int = 100, classes: Int = 9) {
    self.norm = norm
    self.steps = steps
    self.classes = classes
  }

  public static let settings: [Setting<FastAdaptiveBoundary>] = [
    .norm(\.norm, of: [.linf, .l2]),
    .int("steps", \.steps, in: 1...100_000, "steps towards each class"),
    .int("classes", \.classes, in: 1...10_000, "wrong classes tried, the likeliest first"),
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
    // images [N, C, H, W]
    let logits = withoutGradients { classifier.logits(images) }
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

  private func walk(
    _ images: Tensor, from labels: Tensor, towards targets: Tensor, until goal: Goal,
    _ classifier: any Classifier
  ) -> (images: Tensor, distance: Tensor) {
    let origin = images.flattened
    var x = images
    var best = images
    var distance = Tensor.full(.infinity, shape: [images.shape[0]], device: images.device)
    for _ in 0..<steps {
      let (gap, slope, _) = classifier.lossAndGradient(at: x) { logits in
        AttackLoss.pick(logits, targets) - AttackLoss.pick(logits, labels)
      }
      let flat = x.flattened
      let normals = slope.flattened
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
      x = (ahead * (1 - share) + back * share).clamped(to: classifier.valueRange).reshaped(
        images.shape)

      let across = goal.isReached(classifier.predictions(x))
      let length = norm.size(x - images)
      let nearer = across.and(length.isLess(than: distance))
      best = nearer.perImage(like: x).choose(x, else: best)
      distance = nearer.choose(length, else: distance)
      x = across.perImage(like: x).choose(images + (x - images) * 0.9, else: x)
    }
    return (best, distance)
  }
}

/// Which wrong classes a classifier finds likeliest.
enum LikeliestClasses {
  /// For each rank, the class of that rank among those that are not the label: int64 `[N]` each, at
  /// most `count` of them.
  static func wrong(_ logits: Tensor, _ labels: Tensor, _ count: Int) -> [Tensor] {
    // logits [N, K], labels [N]
    let classes = logits.shape[1]
    let ranked = logits.excluding(labels, as: -.infinity).topK(min(count, classes - 1), 1).indices
    return (0..<ranked.shape[1]).map { ranked.select(1, $0) }
  }
}
