import Datasets
import Foundation
import ModelCore
import Support

/// How a network is trained, whatever it is trained for.
public struct TrainingSettings: Sendable {
  public var epochs: Int
  public var batchSize: Int
  public var optimizer: OptimizerRule
  public var schedule: LearningRateSchedule
  public var seed: Seed

  public init(
    epochs: Int, batchSize: Int = 256, optimizer: OptimizerRule = .adam(rate: 1e-3),
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

/// How one pass over the data went.
public struct EpochRecord: Codable, Equatable, Sendable {
  public let epoch: Int
  /// Mean loss over the images.
  public let loss: Double
  /// Share of images classified rightly while training on them.
  public let accuracy: Double
}

/// The one training loop: batches in random order, an objective's gradients, an optimizer's steps, a checkpoint an epoch.
///
/// All randomness of an epoch derives from the seed and the epoch's number, so a training that goes on from a checkpoint
/// ends with the same weights as one that was never interrupted.
public struct Trainer {
  public let settings: TrainingSettings
  public let objective: any Objective
  /// Where checkpoints go, and what they must have been asked for to be continued; nil keeps none.
  public let checkpoint: Checkpoint?
  public let progress: ProgressDisplay

  public init(
    _ settings: TrainingSettings, objective: any Objective, checkpoint: Checkpoint? = nil,
    progress: ProgressDisplay = ProgressDisplay(.quiet)
  ) {
    self.settings = settings
    self.objective = objective
    self.checkpoint = checkpoint
    self.progress = progress
  }

  /// Trains a network in place.
  /// - Returns: one record per epoch, those from before an interruption included.
  /// - Throws: `Failure` if the loss is not a number any more (the last checkpoint stays), or a checkpoint cannot be written.
  public func train(_ network: Network, on data: LabelledImages, title: String) throws -> [EpochRecord] {
    guard settings.batchSize >= 2, data.count >= 2 else {
      throw Failure.usage("training needs batches of at least two images: batch statistics of one do not exist")
    }
    let optimizer = Optimizer(settings.optimizer, for: network)
    var history = try checkpoint?.restore(network, optimizer) ?? []
    let steps = (data.count + settings.batchSize - 1) / settings.batchSize
    let done = history.count * data.count
    progress.begin(title, total: settings.epochs * data.count, unit: "images", done: done)
    for epoch in history.count..<max(settings.epochs, history.count) {
      let record = try run(epoch, of: steps, network, optimizer, data)
      history.append(record)
      try checkpoint?.write(network, optimizer, history)
    }
    return history
  }

  private func run(
    _ epoch: Int, of steps: Int, _ network: Network, _ optimizer: Optimizer, _ data: LabelledImages
  ) throws -> EpochRecord {
    let seed = settings.seed.derive("epoch \(epoch)")
    let order = RandomSource(seed.derive("order")).permutation(data.count)
    let pass = Pass.training(random: RandomSource(seed.derive("dropout"), device: network.device))
    var lossSum = 0.0
    var right = 0
    var seen = 0
    for step in 0..<steps {
      let start = step * settings.batchSize
      let count = min(settings.batchSize, data.count - start)
      // Batch statistics of a single image do not exist.
      if count == 1 && steps > 1 { continue }
      let batch = data.batch(at: order.narrow(0, start, count))
      let training = TrainingStep(network, batch.images.to(network.device), batch.labels.to(network.device), pass)
      let terms = objective.terms(training)
      let loss = terms.total
      let value = loss.scalar
      guard value.isFinite else { throw diverged(epoch, step, terms) }
      let factor = settings.schedule.factor(
        step: epoch * steps + step, stepsPerEpoch: steps, epochs: settings.epochs)
      optimizer.step(loss.gradients(of: network.learned), factor: factor)

      seen += count
      lossSum += value * Double(count)
      let judged = training.judged ?? training.logits
      let matches = withoutGradients { judged.predictedClasses.equals(training.labels).to(.float32).sum() }
      right += Int(matches.scalar)
      progress.update(epoch * data.count + start + count, remark(epoch, lossSum, right, seen))
    }
    return EpochRecord(epoch: epoch, loss: lossSum / Double(seen), accuracy: Double(right) / Double(seen))
  }

  private func remark(_ epoch: Int, _ lossSum: Double, _ right: Int, _ seen: Int) -> String {
    let loss = String(format: "%.3f", lossSum / Double(seen))
    let accuracy = String(format: "%.1f", 100 * Double(right) / Double(seen))
    return "epoch \(epoch + 1)/\(settings.epochs)  loss \(loss)  right \(accuracy) %"
  }

  private func diverged(_ epoch: Int, _ step: Int, _ terms: [LossTerm]) -> Failure {
    let values = terms.map { "\($0.name) = \($0.value.scalar)" }.joined(separator: ", ")
    return Failure(
      .failed, "the loss of \(type(of: objective)) is not a number at epoch \(epoch + 1), step \(step + 1): \(values)",
      hint: "lower the learning rate; the checkpoint of the last whole epoch is kept")
  }
}
