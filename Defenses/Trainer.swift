import Datasets
import Foundation
import ModelCore
import Support

/// The training loop: batches in random order, the gradients of an objective, the steps of an
/// optimizer, and a checkpoint after epochs.
///
/// The random numbers of an epoch derive from the seed and the number of the epoch. A training that
/// continues a checkpoint therefore ends with the same weights as one that was never interrupted.
public struct Trainer {
  public let settings: TrainingSettings
  public let objective: any Objective
  /// The checkpoint that is continued if it exists, and written after epochs; nil for none.
  public let checkpoint: Checkpoint?
  /// The shortest time between two checkpoints.
  public var saveInterval = CheckpointTimer.usualInterval
  public let progress: ProgressDisplay

  public init(
    _ settings: TrainingSettings, objective: any Objective, checkpoint: Checkpoint? = nil,
    progress: ProgressDisplay = ProgressDisplay(.quiet)
  ) {
    self.settings = settings
    // A sum adds the cross-entropy to a penalty.
    self.objective = objective.isPenalty ? ObjectiveSum([(objective, 1)]) : objective
    self.checkpoint = checkpoint
    self.progress = progress
  }

  /// Trains a network in place.
  /// - Parameters:
  ///   - data: the images to learn from.
  ///   - validation: held-out images. They are needed for early stopping, for keeping the best
  ///     epoch and for the attack of `robustValidation`.
  ///   - after: called with the history after each checkpoint.
  /// - Returns: one record for each epoch, including those before an interruption.
  /// - Throws: `Failure` if the loss or the weights become infinite or not a number (NaN), or if a
  ///   checkpoint cannot be written. The last checkpoint is kept. `Failure.badData` if the attack of
  ///   `robustValidation` is limited by masks that the held-out images do not have.
  public func train(
    _ network: Network, on data: LabelledImages, validation: LabelledImages? = nil, title: String,
    after: ([EpochRecord]) throws -> Void = { _ in }
  ) throws -> [EpochRecord] {
    try EpochBatches.check(settings, data)
    try data.check(has: objective.needs)
    try settings.robustValidation?.attack.check(against: network)
    try validation.map { images in
      try settings.criterion.check(images, against: data)
      try settings.robustValidation?.plan.checkMasks(of: images)
    }
    let watch = validation.map {
      Validation(
        images: $0, batchSize: settings.batchSize, robust: settings.robustValidation,
        seed: settings.seed.derive("robust validation"))
    }
    let optimizer = Optimizer(settings.optimizer, for: network)
    var (history, best) = try checkpoint?.restore(network, optimizer, objective) ?? ([], nil)
    let done = history.count * data.count
    progress.begin(title, total: settings.epochs * data.count, unit: "images", done: done)
    // A process that is killed right after its last checkpoint has not passed the history on.
    if isDone(history), !history.isEmpty { try after(history) }
    var timer = CheckpointTimer(saveInterval)
    while !isDone(history) {
      var record = try run(history, network, optimizer, data)
      guard network.learned.allSatisfy({ $0.isFinite.all().isTrue }) else {
        throw brokenWeights(record.epoch)
      }
      if let watch {
        try watch.measure(network).enter(into: &record)
      }
      history.append(record)
      if settings.keep == .best, history.best(by: settings.criterion) == record.epoch {
        best = Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor) })
      }
      try timer.save(isLast: isDone(history)) {
        try checkpoint?.write(network, optimizer, objective, history, best: best)
        try after(history)
      }
    }
    if let best { try network.restore(best) }
    return history
  }

  private func isDone(_ history: [EpochRecord]) -> Bool {
    history.count >= settings.epochs
      || history.hasStalled(for: settings.patience, by: settings.criterion)
  }

  /// Trains for the epoch after those of the history.
  private func run(
    _ history: [EpochRecord], _ network: Network, _ optimizer: Optimizer, _ data: LabelledImages
  ) throws -> EpochRecord {
    let batches = EpochBatches(settings, of: data, epoch: history.count)
    var tally = EpochTally()
    for next in batches {
      let step = next.progress.step
      let batch = next.batch.to(network.device)
      let training = TrainingStep(
        network, batch, .training(dropout: batches.seed.derive("step \(step)")),
        seed: batches.seed, progress: next.progress, readsCleanLogits: objective.readsCleanLogits)
      let terms = objective.terms(training)
      let loss = terms.total
      let value = loss.scalar
      guard value.isFinite else { throw diverged(history.count, step, terms) }
      optimizer.step(loss.gradients(of: network.learned), factor: next.rateFactor)
      let judged =
        terms.lazy.compactMap(\.logits).first
        ?? (objective.readsCleanLogits ? training.logits : nil)
      tally.add(value, terms, batch, judged)
      progress.update(next.seen, remark(history, tally))
    }
    return tally.record(history.count, rateFactor: batches.rateFactor)
  }

  /// The epoch, its results so far, and the accuracy under attack after the epoch before it.
  private func remark(_ history: [EpochRecord], _ tally: EpochTally) -> String {
    let loss = String(format: "%.3f", tally.loss)
    let accuracy =
      tally.isJudged ? String(format: "  accuracy %.1f %%", 100 * tally.accuracy) : ""
    let robust =
      history.last?.robustAccuracy.map { String(format: "  under attack %.1f %%", 100 * $0) } ?? ""
    return "epoch \(history.count + 1)/\(settings.epochs)  loss \(loss)" + accuracy + robust
  }

  private func diverged(_ epoch: Int, _ step: Int, _ terms: [LossTerm]) -> Failure {
    let values = terms.map { "\($0.name) = \($0.value.scalar)" }.joined(separator: ", ")
    return Failure(
      .failed,
      "the loss of \(type(of: objective)) is infinite or not a number (NaN) "
        + "at epoch \(epoch + 1), step \(step + 1): " + values,
      hint: "lower the learning rate; the last checkpoint is kept")
  }

  private func brokenWeights(_ epoch: Int) -> Failure {
    Failure(
      .failed,
      "the weights are infinite or not a number (NaN) after epoch \(epoch + 1) of "
        + "\(type(of: objective)), because its gradients were",
      hint: "lower the learning rate; the last checkpoint is kept")
  }
}
