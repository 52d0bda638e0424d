import ModelCore
import Support

/// The settings of a training, whatever its objective.
public struct TrainingSettings: Sendable {
  /// The epoch whose weights are kept.
  public enum Kept: String, Sendable, CaseIterable {
    /// The last epoch.
    case last
    /// The best epoch on the validation images, the first one among equals.
    case best
  }

  /// The largest number of passes over the images.
  public var epochs: Int
  public var batchSize: Int
  public var optimizer: OptimizerRule
  public var schedule: LearningRateSchedule
  public var seed: Seed
  /// The images on which the training is watched.
  public var validation = ValidationImages.heldOut(0)
  /// The accuracy on these images by which `patience` and `keep` compare epochs.
  public var criterion = ValidationCriterion.accuracy
  /// The attack on the validation images after each epoch; nil for none. An epoch is better than
  /// another one if it is more accurate under this attack, and without an attack, if it is more
  /// accurate on the unchanged validation images.
  public var robustValidation: RobustValidation?
  /// The number of epochs without a better one after which training stops; nil to train for all
  /// epochs.
  public var patience: Int?
  public var keep = Kept.last
  public var annotated = AnnotatedExamples()

  public init(
    epochs: Int, batchSize: Int = 256, optimizer: OptimizerRule = .adam(),
    schedule: LearningRateSchedule = .constant,
    seed: Seed = Seed(0)
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.optimizer = optimizer
    self.schedule = schedule
    self.seed = seed
  }
}
