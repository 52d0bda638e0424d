import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Validation during training")
struct ValidationTests {
  let folder = TemporaryFolder()
  /// Images that the training never learns from: other digits than its own.
  static let heldOut = try! SevenSegmentDigits(seed: Seed(74), size: 14).images(.train, count: 60)

  private func settings(_ epochs: Int, rate: Double = 1e-2) -> TrainingSettings {
    TinyTraining.settings(epochs: epochs, optimizer: .adam(rate: rate))
  }

  private func records(_ accuracies: [Double]) -> [EpochRecord] {
    accuracies.enumerated().map { epoch, accuracy in
      var record = EpochRecord(epoch: epoch, loss: 1, accuracy: 0.5)
      record.validationAccuracy = accuracy
      return record
    }
  }

  @Test("the best epoch is the first one with the highest validation accuracy")
  func best() {
    #expect(records([0.1, 0.5, 0.3, 0.5]).best() == 1)
    #expect(records([]).best() == nil)
    #expect([EpochRecord(epoch: 0, loss: 1, accuracy: 1)].best() == nil)
  }

  @Test(
    "a training has stalled after as many epochs as its patience without a better one")
  func stalled() {
    #expect(!records([0.5, 0.4]).hasStalled(for: 2))
    #expect(records([0.5, 0.4, 0.5]).hasStalled(for: 2))
    #expect(!records([0.5, 0.4, 0.6]).hasStalled(for: 2))
    #expect(!records([0.5, 0.4, 0.4]).hasStalled(for: nil))
  }

  @Test("the network is measured in evaluation behaviour on the held-out images")
  func measures() throws {
    let network = TinyTraining.network()
    let history = try Trainer(settings(2), objective: CrossEntropy()).train(
      network, on: TinyTraining.data, validation: Self.heldOut, title: "test")
    let logits = withoutGradients { network.logits(Self.heldOut.batch(0..<60).images) }
    let right = logits.predictedClasses.equals(Self.heldOut.labels).to(.float64).mean().scalar
    #expect(history[1].validationAccuracy == right)
    let loss = logits.crossEntropy(Self.heldOut.labels).mean().scalar
    #expect(abs(try #require(history[1].validationLoss) - loss) < 1e-4)
  }

  @Test("validation does not change the weights")
  func onlyWatching() throws {
    let networks = [TinyTraining.network(), TinyTraining.network()]
    let trainer = Trainer(settings(2), objective: CrossEntropy())
    _ = try trainer.train(networks[0], on: TinyTraining.data, title: "test")
    _ = try trainer.train(
      networks[1], on: TinyTraining.data, validation: Self.heldOut, title: "test")
    #expect(networks[0].fingerprint == networks[1].fingerprint)
  }

  /// Trains with a learning rate so high that later epochs are worse than earlier ones.
  private func train(
    _ epochs: Int, patience: Int? = nil, keep: TrainingSettings.Kept = .last,
    checkpoint: Checkpoint? = nil
  ) throws -> (network: Network, history: [EpochRecord]) {
    var settings = settings(epochs, rate: 0.5)
    settings.patience = patience
    settings.keep = keep
    let network = TinyTraining.network()
    let history = try Trainer(settings, objective: CrossEntropy(), checkpoint: checkpoint).train(
      network, on: TinyTraining.data, validation: Self.heldOut, title: "test")
    return (network, history)
  }

  @Test("keeping the best epoch gives its weights, also with early stopping")
  func keepsTheBest() throws {
    let (kept, history) = try train(8, keep: .best)
    let best = try #require(history.best())
    #expect(best < 7, "no later epoch was worse, so nothing is tested")
    let frozen = try kept.frozen()
    let right = frozen.predictions(Self.heldOut.batch(0..<60).images).equals(Self.heldOut.labels)
      .to(
        .float64
      ).mean()
    #expect(right.scalar == history[best].validationAccuracy)
    #expect(try train(8).network.fingerprint != kept.fingerprint)

    let patience = 8 - 1 - best
    let early = try train(20, patience: patience, keep: .best)
    // The learning rate does not depend on the number of epochs, so the first epochs are the same.
    #expect(Array(early.history.prefix(best + 1)) == Array(history.prefix(best + 1)))
    #expect(
      early.history.count - 1 - (try #require(early.history.best())) == patience
        || early.history.count == 20)
  }

  @Test("interrupted after any epoch, it ends with the weights of the same epoch")
  func resumed() throws {
    let whole = try train(6, keep: .best)
    for stop in 1..<6 {
      let checkpoint = Checkpoint(folder.appending("c\(stop)"), request: "r")
      _ = try train(stop, keep: .best, checkpoint: checkpoint)
      let rest = try train(6, keep: .best, checkpoint: checkpoint)
      #expect(rest.history == whole.history)
      #expect(rest.network.fingerprint == whole.network.fingerprint)
    }
  }

  @Test("weights that are not a number (NaN) are never stored in a checkpoint")
  func brokenWeights() throws {
    /// An objective with a finite loss whose gradient is not a number (NaN): that of √(x²) at x =
    /// 0.
    struct Hidden: Objective {
      let at: Int
      final class Counter: @unchecked Sendable { var steps = 0 }
      let counter = Counter()
      func terms(_ step: TrainingStep) -> [LossTerm] {
        counter.steps += 1
        let fit = CrossEntropy().terms(step)
        guard counter.steps >= at else { return fit }
        return fit + [LossTerm("root", (step.logits.sum() * 0).square.squareRoot)]
      }
    }
    let place = folder.appending("checkpoint")
    let checkpoint = Checkpoint(place, request: "r")
    _ = try Trainer(settings(1), objective: CrossEntropy(), checkpoint: checkpoint).train(
      TinyTraining.network(), on: TinyTraining.data, title: "test")
    let before = try Data(contentsOf: place)
    // This is the last of the seven steps of the second epoch, so no later loss is NaN.
    let failure = #expect(throws: Failure.self) {
      try Trainer(settings(2), objective: Hidden(at: 7), checkpoint: checkpoint).train(
        TinyTraining.network(), on: TinyTraining.data, title: "test")
    }
    #expect(failure?.message.contains("the weights are infinite or not a number (NaN)") == true)
    #expect(failure?.message.contains("epoch 2") == true)
    #expect(try Data(contentsOf: place) == before)
  }

  @Test("the history is written as JSON lines and read again, and a bad line is named")
  func jsonLines() throws {
    let history = try train(2).history
    let file = folder.appending("history.jsonl")
    try history.jsonLines().write(to: file, atomically: true, encoding: .utf8)
    #expect(try [EpochRecord](jsonLines: file) == history)
    #expect(history[0].terms["cross-entropy"] == history[0].loss)
    try (history.jsonLines() + "{}\n").write(to: file, atomically: true, encoding: .utf8)
    let failure = #expect(throws: Failure.self) { try [EpochRecord](jsonLines: file) }
    #expect(failure?.message.contains("history.jsonl:3") == true)
  }
}
