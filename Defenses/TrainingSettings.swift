import ModelCore
import Support

/// How a network is trained, whatever it is trained for.
public struct TrainingSettings: Sendable {
  /// Which epoch's weights a training ends with.
  public enum Kept: String, Sendable, CaseIterable {
    case last
    /// Those of the epoch with the best validation accuracy, the first of equals.
    case best
  }

  /// Passes over the images, at most.
  public var epochs: Int
  public var batchSize: Int
  public var optimizer: OptimizerRule
  public var schedule: LearningRateSchedule
  public var seed: Seed
  /// How many of the training images are held out, to watch the training by; 0: none.
  public var validation = 0
  /// After how many epochs without a better validation accuracy training stops; nil: it goes on to
  /// the end.
  public var patience: Int?
  public var keep = Kept.last

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
