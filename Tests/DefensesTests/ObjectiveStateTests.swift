import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Defenses

@Suite("An objective with a state continues from a checkpoint")
struct ObjectiveStateTests {
  let folder = TemporaryFolder()
  var place: URL { folder.appending("training.checkpoint") }

  /// The error that interrupts a training.
  private struct Interrupted: Error {}

  /// Trains a fresh network for four epochs, or until `stop` of them are done.
  private func train(
    _ objective: any Objective, checkpoint: Checkpoint? = nil, until stop: Int? = nil
  ) throws -> (network: Network, history: [EpochRecord]) {
    let network = TinyTraining.network()
    var trainer = Trainer(
      TinyTraining.settings(epochs: 4), objective: objective, checkpoint: checkpoint)
    trainer.saveInterval = .zero
    var history: [EpochRecord] = []
    do {
      history = try trainer.train(network, on: TinyTraining.data, title: "test") { history in
        if history.count == stop { throw Interrupted() }
      }
    } catch is Interrupted {}
    return (network, history)
  }

  /// The objectives that are interrupted: with a state, with a schedule, and with both in a sum.
  static let cases: [@Sendable () -> any Objective] = [
    { Remembering() },
    { Ramp() },
    { ObjectiveSum([(Remembering(keeping: 0.5), 1), (Ramp(), 0.5), (Remembering(), 2)]) },
  ]

  @Test(
    "interrupted after 2 of 4 epochs, it ends with the bytes of an uninterrupted training",
    arguments: cases.indices)
  func continued(_ index: Int) throws {
    let make = Self.cases[index]
    let whole = try train(make())
    let checkpoint = Checkpoint(place, request: "r")
    #expect(try train(make(), checkpoint: checkpoint, until: 2).history == [])
    let rest = try train(make(), checkpoint: checkpoint)
    #expect(rest.history == whole.history)
    let bytes = try [whole, rest].map { try TinyTraining.bytes($0.network, in: folder.url) }
    #expect(bytes[0] == bytes[1])
  }

  @Test("without its state, a continued training ends with other weights")
  func forgotten() throws {
    let whole = try train(Remembering())
    let checkpoint = Checkpoint(place, request: "r")
    _ = try train(Forgetful(), checkpoint: checkpoint, until: 2)
    let rest = try train(Forgetful(), checkpoint: checkpoint)
    #expect(rest.history.count == 4)
    #expect(rest.history.prefix(2) == whole.history.prefix(2))
    #expect(rest.network.fingerprint != whole.network.fingerprint)
  }

  @Test("the share of a training that is done counts all of its steps, from 0 on")
  func share() throws {
    let ramp = Ramp()
    _ = try train(ramp)
    // 200 images in batches of 32 give seven steps per epoch.
    #expect(ramp.shares == (0..<28).map { Double($0) / 28 })
  }

  /// A checkpoint after 2 epochs of an objective whose state has another shape.
  private func otherCheckpoint() throws -> Checkpoint {
    let checkpoint = Checkpoint(place, request: "r")
    _ = try train(Remembering(size: 2), checkpoint: checkpoint, until: 2)
    return checkpoint
  }

  @Test("a checkpoint whose objective state does not fit is not continued")
  func misfit() throws {
    let checkpoint = try otherCheckpoint()
    let objective = Remembering()
    let found = try train(objective, checkpoint: checkpoint)
    let whole = try train(Remembering())
    #expect(found.history == whole.history)
    #expect(found.network.fingerprint == whole.network.fingerprint)
    #expect(objective.state["steps"]?.int64s() == [28])
  }

  @Test("a checkpoint that is not continued changes nothing")
  func unchanged() throws {
    let checkpoint = try otherCheckpoint()
    let network = TinyTraining.network()
    let optimizer = Optimizer(.adam(rate: 1e-2), for: network)
    let first = Remembering(size: 2)
    let sum = ObjectiveSum([(first, 1), (Remembering(), 1)])
    let before = (network.fingerprint, values(optimizer.state()), optimizer.steps)
    let plain = try checkpoint.restore(network, optimizer, Remembering())
    #expect(plain == nil)
    // In this sum, the state of the first part fits and that of the second one does not.
    let ofSum = Checkpoint(folder.appending("sum"), request: "r")
    try ofSum.write(
      TinyTraining.network(seed: 77), optimizer,
      ObjectiveSum([(stepped(size: 2), 1), (stepped(size: 2), 1)]),
      [EpochRecord(epoch: 0, loss: 1, accuracy: 0.5)])
    #expect(try ofSum.restore(network, optimizer, sum) == nil)
    #expect(first.state["steps"]?.int64s() == [0])
    #expect(network.fingerprint == before.0)
    #expect(values(optimizer.state()) == before.1)
    #expect(optimizer.steps == before.2)
  }

  @Test("in a sum each part gets its own state back")
  func parts() throws {
    let parts = [stepped(size: 1), stepped(size: 3), stepped(size: 1, steps: 4)]
    let sum = ObjectiveSum(parts.map { ($0, 1) })
    let fresh = [Remembering(size: 1), Remembering(size: 3), Remembering(size: 1)]
    try ObjectiveSum(fresh.map { ($0, 1) }).restore(sum.state)
    for (part, again) in zip(parts, fresh) {
      #expect(again.state["steps"]?.int64s() == part.state["steps"]?.int64s())
      #expect(again.state["mean"]?.floats() == part.state["mean"]?.floats())
    }
    #expect(fresh.map { $0.state["steps"]?.int64s() } == [[1], [1], [4]])
    #expect(fresh[0].state["mean"]?.floats() != fresh[2].state["mean"]?.floats())
  }

  /// An objective that has computed its terms for some steps.
  private func stepped(size: Int, steps: Int = 1) -> Remembering {
    let objective = Remembering(size: size)
    let network = TinyTraining.network()
    for _ in 0..<steps { _ = objective.terms(TinyTraining.step(network, pass: .evaluation)) }
    return objective
  }

  private func values(_ state: [(name: String, tensor: Tensor)]) -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor.floats()) })
  }
}

/// The cross-entropy divided by its running mean, multiplied by a factor that grows with each step.
private final class Remembering: Objective, @unchecked Sendable {
  private let share: Double
  private var steps = Tensor(labels: [0])
  private var mean: Tensor

  /// - Parameters:
  ///   - share: the share of the running mean that is kept at each step.
  ///   - size: the number of copies of the mean in the state.
  init(keeping share: Double = 0.9, size: Int = 1) {
    self.share = share
    mean = Tensor.ones([size])
  }

  func terms(_ step: TrainingStep) -> [LossTerm] {
    let loss = step.logits.crossEntropy(step.labels).mean()
    let factor = 1 + Double(steps.int64s()[0]) / 10
    steps = steps + 1
    mean = mean * share + loss.detached * (1 - share)
    return [LossTerm("remembered", loss / mean.max() * factor, logits: step.logits)]
  }

  var state: [String: Tensor] { ["steps": steps, "mean": mean] }

  func restore(_ state: [String: Tensor]) throws {
    guard let steps = state["steps"], let mean = state["mean"], steps.shape == self.steps.shape,
      mean.shape == self.mean.shape
    else { throw Failure.badData("another objective's state") }
    (self.steps, self.mean) = (steps, mean)
  }
}

/// The same objective, but without a state in its checkpoint.
private final class Forgetful: Objective {
  private let objective = Remembering()
  func terms(_ step: TrainingStep) -> [LossTerm] { objective.terms(step) }
}

/// A penalty on large logits whose weight grows with the progress of the training.
private final class Ramp: Objective, @unchecked Sendable {
  private(set) var shares: [Double] = []
  let isPenalty = true

  func terms(_ step: TrainingStep) -> [LossTerm] {
    shares.append(step.progress.share)
    return [LossTerm("ramp", weight: step.progress.share, step.logits.square.mean())]
  }
}
