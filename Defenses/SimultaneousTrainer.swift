import Datasets
import Foundation
import ModelCore
import Support

/// Trains several networks together, so that they are right for different reasons:
///
///     loss = Σ_i L_i + λ · Σ_{i<j} mean over n of cos²(∇ₓ s_i, ∇ₓ s_j)
///
/// L_i is the loss of network i's own objective, plain cross-entropy as published, and
/// s = Σ_k log p_k. Each pair counts once. The squared cosine is that of `GradientSimilarity`.
///
/// All networks see the same batches in the same order. The random numbers derive from the seed and
/// the number of the epoch, so a training that continues a checkpoint ends with the same weights as
/// one that was never interrupted.
///
/// Source: A. Ross, "Training Machine Learning Models by Regularizing their Explanations" (2018),
/// appendix C.
public struct SimultaneousTrainer {
  public let settings: TrainingSettings
  /// The objective of each network.
  public let objectives: [any Objective]
  /// λ, the weight of the similarity.
  public let lambda: Double
  public let checkpoint: SimultaneousCheckpoint?
  /// The shortest time between two checkpoints.
  public var saveInterval = CheckpointTimer.usualInterval
  public let progress: ProgressDisplay

  public init(
    _ settings: TrainingSettings, objectives: [any Objective], lambda: Double,
    checkpoint: SimultaneousCheckpoint? = nil, progress: ProgressDisplay = ProgressDisplay(.quiet)
  ) {
    self.settings = settings
    self.objectives = objectives.map { $0.isPenalty ? ObjectiveSum([($0, 1)]) : $0 }
    self.lambda = lambda
    self.checkpoint = checkpoint
    self.progress = progress
  }

  /// Trains the networks in place, for all epochs of the settings.
  /// - Parameters:
  ///   - networks: at least two, one for each objective, with different initial weights.
  ///   - data: the images to learn from.
  /// - Returns: for each network one record for each epoch. Its term `similarity` is the unweighted
  ///   sum over all pairs.
  /// - Throws: `Failure` if the loss or the weights become infinite or not a number (NaN), or if a
  ///   checkpoint cannot be written.
  public func train(
    _ networks: [Network], on data: LabelledImages, title: String
  ) throws -> [[EpochRecord]] {
    precondition(networks.count == objectives.count && networks.count >= 2)
    try EpochBatches.check(settings, data)
    for objective in objectives { try data.check(has: objective.needs) }
    let optimizers = networks.map { Optimizer(settings.optimizer, for: $0) }
    var histories =
      try checkpoint?.restore(networks, optimizers, objectives) ?? networks.map { _ in [] }
    let done = histories[0].count * data.count
    progress.begin(title, total: settings.epochs * data.count, unit: "images", done: done)
    var timer = CheckpointTimer(saveInterval)
    while histories[0].count < settings.epochs {
      let records = try run(histories[0].count, networks, optimizers, data)
      for (number, network) in networks.enumerated() {
        guard network.learned.allSatisfy({ $0.isFinite.all().isTrue }) else {
          throw broken("the weights of network \(number + 1) are", records[number].epoch)
        }
        histories[number].append(records[number])
      }
      try timer.save(isLast: histories[0].count == settings.epochs) {
        try checkpoint?.write(networks, optimizers, objectives, histories)
      }
    }
    return histories
  }

  private func run(
    _ epoch: Int, _ networks: [Network], _ optimizers: [Optimizer], _ data: LabelledImages
  ) throws -> [EpochRecord] {
    let batches = EpochBatches(settings, of: data, epoch: epoch)
    var tallies = networks.map { _ in EpochTally() }
    for next in batches {
      let passes = networks.enumerated().map { number, network in
        let own = batches.seed.derive("network \(number)")
        return TrainingStep(
          network, next.batch.to(network.device),
          .training(dropout: own.derive("step \(next.progress.step)")), seed: own,
          progress: next.progress)
      }
      let terms = zip(objectives, passes).map { $0.terms($1) }
      let gradients = passes.map { $0.inputGradient { $0.logSoftmax().sum([1]) } }
      let similarity = GradientSimilarity.penalty(gradients)
      let own = terms.map(\.total)
      let loss = own.dropFirst().reduce(own[0], +) + similarity * lambda
      guard loss.scalar.isFinite else { throw broken("the loss is", epoch) }
      let slopes = loss.gradients(of: networks.flatMap(\.learned))
      var first = 0
      for (network, optimizer) in zip(networks, optimizers) {
        let own = slopes[first..<first + network.learned.count]
        optimizer.step(Array(own), factor: next.rateFactor)
        first = own.endIndex
      }
      let shared = LossTerm("similarity", weight: lambda, similarity)
      for (number, pass) in passes.enumerated() {
        tallies[number].add(
          own[number].scalar, terms[number] + [shared], pass.batch, pass.logits)
      }
      let alike = String(format: "%.4f", similarity.scalar)
      progress.update(
        next.seen, "epoch \(epoch + 1)/\(settings.epochs)  similarity \(alike)")
    }
    return tallies.map { $0.record(epoch, rateFactor: batches.rateFactor) }
  }

  private func broken(_ what: String, _ epoch: Int) -> Failure {
    Failure(
      .failed,
      "\(what) infinite or not a number (NaN) at epoch \(epoch + 1) of a training of "
        + "\(objectives.count) networks together",
      hint: "lower the learning rate or lambda")
  }
}
