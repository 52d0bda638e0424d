import ModelCore
import Support

/// The universal adversarial perturbation (UAP): one perturbation v that is added to every image.
///
///     X′ = project(X + v), with v learned from training images
///
/// In each epoch, the training images are visited in random order. With `search=gradient`, v moves
/// by a step of ε / 5 along the mean gradient of the loss of 50 images at a time, in which images
/// that reach the goal do not count. With `search=deepfool`, as in the paper, each image that does
/// not reach the goal with v adds the smallest perturbation beyond v that lets it: v ← nearest(v +
/// r) in the ball of radius ε, where r are at most ten steps of DeepFool from X + v. The learning
/// ends when the share `rate` of the training images reaches the goal, and the best v of all epochs
/// is used. The gradient is the default because it fools many more images in far less time.
///
/// Use it to see whether one perturbation, made in advance and without a look at the attacked
/// image, is enough. The images that are attacked are not among those that it was learned from
/// (`TrainingSample`). Where masks limit the attack, v changes each image only where its mask lets
/// it, in the learning as in the attack. Source: S. Moosavi-Dezfooli, A. Fawzi, O. Fawzi and P.
/// Frossard (2017), with their DeepFool, whose learning ended at a rate of 0.8; the gradient search
/// follows A. Shafahi et al., "Universal Adversarial Training" (2020), who limit the loss of each
/// image instead of leaving it out.
public struct UniversalPerturbation: Attack, Configurable {
  public static let name = "uap"
  public static let title = "universal adversarial perturbation"
  public static let summary =
    "one perturbation for all images, learned from others (Moosavi-Dezfooli et al. 2017)"
  public static let defaultGoal = GoalRule.untargeted
  public static let runsAnotherAttack = true

  /// How the perturbation is learned.
  public enum Search: String, Sendable, CaseIterable {
    /// By steps along the mean gradient.
    case gradient
    /// By the smallest perturbations of single images.
    case deepfool
  }

  public var norm: Norm
  public var search: Search
  /// The number of training images.
  public var sampleSize: Int
  /// The largest number of visits to all training images.
  public var epochs: Int
  /// The share of the training images that must reach the goal.
  public var rate: Double
  /// The loss of the gradient search.
  public var loss: AttackLoss
  /// The perturbations `[1, …]` that were learned, by their ε.
  private var learned: [Double: Tensor] = [:]

  public init(
    norm: Norm = .linf, _ search: Search = .gradient, images: Int = 500, epochs: Int = 10,
    rate: Double = 1, loss: AttackLoss = .crossEntropy
  ) {
    self.norm = norm
    self.search = search
    self.sampleSize = images
    self.epochs = epochs
    self.rate = rate
    self.loss = loss
  }

  public static let settings: [Setting<UniversalPerturbation>] = [
    .norm(\.norm, of: [.linf, .l2]),
    .choice("search", \.search, "how the perturbation is learned"),
    .int("images", \.sampleSize, in: 1...1_000_000, "training images that it is learned from"),
    .int("epochs", \.epochs, in: 1...10_000, "largest number of visits to all of them"),
    .double("rate", \.rate, in: 0...1, "share of them that ends the learning by reaching the goal"),
    .group(\.loss),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func prepared(
    by lesson: TrainingSample.Lesson, epsilons: [Double], against classifier: any Classifier
  ) -> any Attack {
    var attack = self
    for epsilon in epsilons {
      attack.learned[epsilon] = learn(
        lesson.images, lesson.goal, within: threat(epsilon, against: classifier),
        against: classifier, draws: lesson.draws)
    }
    return attack
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    let found =
      learned[threat.epsilon]
      ?? learn(images, goal, within: threat, against: classifier, draws: draws)
    let moves = goal.region.limited(found.expanded(images.shape))
    return goal.region.limited(threat.project(images + moves, around: images), around: images)
  }

  /// The perturbation that is learned from images, `[1, …]`.
  private func learn(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    var lesson = UniversalLesson(
      images: images, goal: goal, threat: threat, classifier: classifier, loss: loss)
    guard threat.epsilon > 0, images.shape[0] > 0 else { return lesson.perturbation }
    var best = (perturbation: lesson.perturbation, share: -1.0)
    for epoch in 0..<epochs where best.share < rate {
      let own = draws.purpose("epoch \(epoch)")
      let order = RandomSource(own.seed).permutation(images.shape[0]).to(images.device)
      switch search {
      case .deepfool: lesson.visit(order, draws: own)
      case .gradient: lesson.climb(order)
      }
      let share = lesson.shareReached()
      if share > best.share { best = (lesson.perturbation, share) }
    }
    return best.perturbation
  }
}
