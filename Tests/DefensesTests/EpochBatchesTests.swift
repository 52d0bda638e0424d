import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Defenses

@Suite("The batches of an epoch, and when checkpoints are written")
struct EpochBatchesTests {
  private func batches(_ count: Int, of size: Int, epoch: Int = 0) throws -> EpochBatches {
    let data = try SevenSegmentDigits(seed: Seed(1), size: 14).images(.train, count: count)
    return EpochBatches(
      TinyTraining.settings(epochs: 3, batchSize: size), of: data, epoch: epoch)
  }

  @Test("every image is in one batch, and a last batch of a single image is left out")
  func sizes() throws {
    for (count, size, expected) in [
      (10, 4, [4, 4, 2]), (9, 4, [4, 4]), (8, 4, [4, 4]), (3, 4, [3]),
    ] {
      let all = Array(try batches(count, of: size))
      #expect(all.map(\.batch.count) == expected)
      let places = all.flatMap { $0.batch.places }
      #expect(Set(places).count == places.count && places.count == expected.reduce(0, +))
    }
  }

  @Test("an epoch has its own order, and its steps go on where those of the epoch before ended")
  func epochs() throws {
    let orders = try (0..<3).map {
      try batches(9, of: 4, epoch: $0).flatMap { $0.batch.places }
    }
    #expect(Set(orders).count == 3)
    #expect(try batches(9, of: 4, epoch: 1).flatMap { $0.batch.places } == orders[1])
    let second = Array(try batches(9, of: 4, epoch: 1))
    #expect(second.map(\.seen) == [13, 17])
    // Schedules count the batch that is left out.
    let progress = TrainingProgress(epoch: 1, epochs: 3, step: 1, stepsPerEpoch: 3)
    #expect(second[1].progress == progress)
    // The factor of the settings' schedule falls to 0.9 after an epoch.
    #expect(try batches(9, of: 4, epoch: 0).map(\.rateFactor) == [1, 1])
    #expect(second.map(\.rateFactor) == [0.9, 0.9])
  }

  @Test("batches of a single image are refused")
  func single() throws {
    let data = TinyTraining.data
    for (size, images) in [(1, data), (4, data.choosing([0]))] {
      let failure = #expect(throws: Failure.self) {
        try EpochBatches.check(TinyTraining.settings(epochs: 1, batchSize: size), images)
      }
      #expect(failure?.kind == .usage && failure?.message.contains("at least two images") == true)
    }
  }

  /// The number of the first step of a training of two networks at which their checkpoint exists;
  /// nil if it did not exist before the end.
  private func firstStepWithCheckpoint(_ interval: Duration) throws -> Int? {
    let folder = TemporaryFolder()
    let place = folder.appending("joint.safetensors")
    let watcher = Watcher(place)
    var trainer = SimultaneousTrainer(
      TinyTraining.settings(epochs: 3), objectives: [watcher, CrossEntropy()], lambda: 1,
      checkpoint: SimultaneousCheckpoint(place, request: "r"))
    trainer.saveInterval = interval
    _ = try trainer.train(
      [TinyTraining.network(seed: 1), TinyTraining.network(seed: 2)], on: TinyTraining.data,
      title: "test")
    #expect(FileManager.default.fileExists(atPath: place.path), "the last one is always written")
    return watcher.found.firstIndex(of: true)
  }

  @Test("a training of several networks writes its checkpoints no more often than it must")
  func interval() throws {
    #expect(try firstStepWithCheckpoint(.zero) == 7)
    #expect(try firstStepWithCheckpoint(.seconds(3600)) == nil)
  }
}

/// The cross-entropy, which notes at every step whether a file exists.
private final class Watcher: Objective, @unchecked Sendable {
  private let place: URL
  private(set) var found: [Bool] = []

  init(_ place: URL) { self.place = place }

  func terms(_ step: TrainingStep) -> [LossTerm] {
    found.append(FileManager.default.fileExists(atPath: place.path))
    return CrossEntropy().terms(step)
  }
}
