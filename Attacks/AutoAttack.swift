import ModelCore
import Support

/// AutoAttack's standard ensemble: APGD on cross-entropy, APGD on the targeted difference of logits
/// ratio, FAB towards targets, and Square; each only on the images that those before it left
/// standing. Croce & Hein, 2020.
public struct AutoAttack: Attack {
  public static let name = "autoattack"
  public static let title = "AutoAttack"
  public static let summary =
    "APGD-CE, APGD-T, FAB-T and Square, each on what is left; ℓ∞ or ℓ2 (Croce & Hein 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm: Norm
  public let steps: Int
  public let queries: Int
  /// Wrong classes that the targeted members try, the likeliest first.
  public static let classes = 9

  public init(norm: Norm = .linf, steps: Int = 100, queries: Int = 5000) {
    self.norm = norm
    self.steps = steps
    self.queries = queries
  }

  public init(_ settings: Settings) throws {
    norm = try settings.norm(of: [.linf, .l2])
    steps = try settings.int(
      "steps", default: 100, in: 1...100_000, "steps of each gradient attack")
    queries = try settings.int(
      "queries", default: 5000, in: 1...10_000_000, "queries of Square an image")
  }

  public var parameters: [String: String] {
    ["norm": norm.rawValue, "steps": "\(steps)", "queries": "\(queries)"]
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    // images [N, C, H, W]
    var result = images
    var standing = Tensor.range(images.shape[0], device: images.device)
      .rows(where: goal.isReached(classifier.predictions(images)).inverted)
    for member in members {
      guard standing.count > 0 else { break }
      let part = goal.at(standing)
      let originals = images.indexSelect(0, standing)
      let found = member(originals, part, threat, classifier, random)
      let reached = part.isReached(classifier.predictions(found))
      result = result.replacingRows(standing.rows(where: reached), with: found.rows(where: reached))
      standing = standing.rows(where: reached.inverted)
    }
    return result
  }

  private typealias Member = (Tensor, Goal, ThreatModel, any Classifier, RandomSource) -> Tensor

  private var members: [Member] {
    [
      { images, goal, threat, classifier, random in
        AutoProjectedGradient(norm: norm, steps: steps)
          .perturb(images, goal, within: threat, against: classifier, random: random)
      },
      targetedAscent,
      { images, goal, threat, classifier, random in
        FastAdaptiveBoundary(norm: norm, steps: steps, classes: Self.classes)
          .perturb(images, goal, within: threat, against: classifier, random: random)
      },
      { images, goal, threat, classifier, random in
        SquareAttack(norm: norm, queries: queries)
          .perturb(images, goal, within: threat, against: classifier, random: random)
      },
    ]
  }

  /// APGD towards each of the likeliest wrong classes in turn, each on what is left.
  private func targetedAscent(
    _ images: Tensor, _ goal: Goal, _ threat: ThreatModel, _ classifier: any Classifier,
    _ random: RandomSource
  ) -> Tensor {
    let ascent = AutoProjectedGradient(norm: norm, steps: steps, loss: .logitsRatio)
    let logits = withoutGradients { classifier.logits(images) }
    let targets =
      goal.targets.map { [$0] } ?? LikeliestClasses.wrong(logits, goal.focus, Self.classes)
    var result = images
    var standing = Tensor.range(images.shape[0], device: images.device)
    for target in targets {
      guard standing.count > 0 else { break }
      let part = goal.at(standing)
      let towards = Goal.towards(target.indexSelect(0, standing), from: part.labels ?? part.focus)
      let found = ascent.run(
        images.indexSelect(0, standing), climbing: towards, until: part, within: threat,
        against: classifier,
        random: random)
      let reached = part.isReached(classifier.predictions(found))
      result = result.replacingRows(standing.rows(where: reached), with: found.rows(where: reached))
      standing = standing.rows(where: reached.inverted)
    }
    return result
  }
}
