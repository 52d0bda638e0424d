import ModelCore
import Support

@testable import Attacks

/// Random search: of several points drawn uniformly from the ℓ∞ ball around an image, the one with
/// the largest loss. It uses only the logits of the classifier.
public struct RandomSearch: Attack, Configurable {
  public static let name = "random-search"
  public static let title = "random search"
  public static let summary = "of several random points, the one with the largest loss"
  public static let defaultGoal = GoalRule.untargeted
  public static let settings: [Setting<Self>] = [
    .int("points", \.points, in: 1...100_000, "points drawn for each image")
  ]
  public let norm = Norm.linf
  public var points = 20

  public init() {}
  public init(_ settings: Settings) throws { try read(settings) }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    // images, moved, worst [N, C, H, W] or [N, D]; found, largest [N], one loss per image
    func losses(at x: Tensor) -> Tensor {
      withoutGradients { AttackLoss.crossEntropy.losses(classifier.logits(x), goal) }
    }
    var worst = images
    var largest = losses(at: images)
    for point in 0..<points {
      let own = draws.purpose("point \(point)")
      // The shape of one image; the noise of all images is [N] + shape.
      let noise = goal.region.limited(own.uniform(Array(images.shape.dropFirst()), in: -1..<1))
      let moved = threat.project(images + noise * threat.epsilon, around: images)
      let found = losses(at: moved)
      let isWorse = found.isGreater(than: largest)
      worst = isWorse.perImage(like: images).choose(moved, else: worst)
      largest = isWorse.choose(found, else: largest)
    }
    return worst
  }
}
