import ModelCore
import Support

/// Training images that an attack learns from, or mixes into the attacked ones.
///
/// They are drawn from the training images of the data, and not from the attacked images (unless
/// training images are attacked). The adversarial example of an image then depends on no other
/// attacked image, and a perturbation that is learned is judged on images that it was not learned
/// from.
public struct TrainingSample: Sendable {
  /// `[P, …]`, in the shape of the attacked images.
  public let images: Tensor
  /// The true labels, int64 `[P]`.
  public let labels: Tensor
  /// 0 and 1, in the shape of the images; nil if the data have none.
  public let masks: Tensor?

  public init(images: Tensor, labels: Tensor, masks: Tensor? = nil) {
    self.images = images
    self.labels = labels
    self.masks = masks
  }

  /// Training images with the goal of an attack for each of them, and the region of each that may
  /// change.
  public struct Lesson {
    /// `[P, …]`.
    public let images: Tensor
    public let goal: Goal
    /// The random numbers of the lesson; image number i has row i.
    public let draws: ExampleDraws
  }
}

extension AttackPlan {
  /// The number of training images that the attack needs; 0 for most attacks.
  public var sampleSize: Int { attack.sampleSize }

  /// The same plan, whose attack has learned what it needs from training images.
  /// - Parameters:
  ///   - sample: training images, on the classifier's device.
  ///   - seed: the seed of everything that is random in the learning.
  /// - Precondition: there are masks if the plan is limited by them.
  public func prepared(
    by sample: TrainingSample, against classifier: any Classifier, seed: Seed
  ) -> AttackPlan {
    // Images that already have the target class have nothing to teach.
    let rows = goal.aimed(sample.labels)
    let (images, labels) = (sample.images.indexSelect(0, rows), sample.labels.indexSelect(0, rows))
    let draws = ExampleDraws(
      seed.derive("lesson"), examples: Array(0..<rows.count), device: classifier.device)
    let aim = goal.goal(
      for: labels, images: images, classifier: classifier, draws: draws.purpose("targets")
    ).within(region(sample.masks).at(rows))
    var plan = self
    plan.attack = attack.prepared(
      by: TrainingSample.Lesson(images: images, goal: aim, draws: draws), epsilons: epsilons,
      against: classifier)
    return plan
  }
}
