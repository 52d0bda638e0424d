import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("A training continues from its checkpoint")
struct CheckpointTests {
  let folder = TemporaryFolder()
  var place: URL { folder.appending("training.checkpoint") }

  /// Trains a fresh network. The training is interrupted after `epochs` if others continue its
  /// checkpoint with more.
  private func train(
    epochs: Int, checkpoint: Checkpoint?, objective: any Objective = CrossEntropy(),
    optimizer: OptimizerRule = .adam(rate: 1e-2)
  ) throws -> (network: Network, history: [EpochRecord]) {
    let network = TinyTraining.network()
    let settings = TinyTraining.settings(epochs: epochs, optimizer: optimizer)
    let trainer = Trainer(settings, objective: objective, checkpoint: checkpoint)
    return (network, try trainer.train(network, on: TinyTraining.data, title: "test"))
  }

  static let cases: [(objective: any Objective, optimizer: OptimizerRule)] = [
    (CrossEntropy(), .adam(rate: 1e-2)), (CrossEntropy(), .sgd(rate: 0.1, momentum: 0.9)),
    (AdversarialTraining(InnerAttack(epsilon: 0.1)), .adam(rate: 1e-2)),
  ]

  @Test(
    "interrupted after epoch 1 or 2 of 3, it ends with the bytes of an uninterrupted training",
    arguments: cases.indices, [1, 2])
  func continued(_ index: Int, _ interrupted: Int) throws {
    let (objective, optimizer) = Self.cases[index]
    let whole = try train(epochs: 3, checkpoint: nil, objective: objective, optimizer: optimizer)
    let checkpoint = Checkpoint(place, request: "r")
    _ = try train(
      epochs: interrupted, checkpoint: checkpoint, objective: objective, optimizer: optimizer)
    let rest = try train(
      epochs: 3, checkpoint: checkpoint, objective: objective, optimizer: optimizer)
    #expect(rest.history == whole.history)
    let bytes = try [whole, rest].map { try TinyTraining.bytes($0.network, in: folder.url) }
    #expect(bytes[0] == bytes[1])
  }

  @Test("only the remaining epochs are trained")
  func onlyTheRest() throws {
    let checkpoint = Checkpoint(place, request: "r")
    _ = try train(epochs: 2, checkpoint: checkpoint)
    let counter = FailingObjective(at: -1)
    _ = try train(epochs: 3, checkpoint: checkpoint, objective: counter)
    #expect(counter.steps == 7)
    let again = FailingObjective(at: -1)
    _ = try train(epochs: 3, checkpoint: checkpoint, objective: again)
    #expect(again.steps == 0)
  }

  @Test("a training that was killed right after its last checkpoint still passes its history on")
  func historyOfTheDone() throws {
    let checkpoint = Checkpoint(place, request: "r")
    _ = try train(epochs: 2, checkpoint: checkpoint)
    let trainer = Trainer(
      TinyTraining.settings(epochs: 2), objective: CrossEntropy(), checkpoint: checkpoint)
    var told: [EpochRecord] = []
    let history = try trainer.train(
      TinyTraining.network(), on: TinyTraining.data, title: "test"
    ) { told = $0 }
    #expect(told.count == 2 && told == history)
  }

  /// The fingerprint of three uninterrupted epochs.
  private func expected() throws -> String {
    try train(epochs: 3, checkpoint: nil).network.fingerprint
  }

  @Test("a checkpoint of another request is not continued")
  func otherRequest() throws {
    _ = try train(
      epochs: 2, checkpoint: Checkpoint(place, request: "a"),
      objective: AdversarialTraining(InnerAttack(epsilon: 0.1)))
    let found = try train(epochs: 3, checkpoint: Checkpoint(place, request: "b"))
    #expect(found.history.count == 3)
    #expect(try found.network.fingerprint == expected())
  }

  /// Ways to damage the bytes of a checkpoint.
  static let damages: [(name: String, apply: @Sendable (Data) -> Data)] = [
    ("empty", { _ in Data() }),
    ("cut in the header", { $0.prefix(100) }),
    ("cut in the numbers", { $0.dropLast(1) }),
    ("longer", { $0 + Data([0]) }),
    ("noise", { Data($0.map { $0 ^ 0x5a }) }),
    ("a number for a tensor", { replace("F32", by: "F3x", in: $0) }),
    ("a tensor of another name", { replace("1.running_mean", by: "1.running_maen", in: $0) }),
    (
      "an optimizer without a part",
      { replace("optimizer.second.5.bias", by: "optimizer.second.5.bixs", in: $0) }
    ),
    ("a missing number of steps", { replace(#"\"steps\":"#, by: #"\"stepz\":"#, in: $0) }),
  ]

  private static func replace(_ old: String, by new: String, in data: Data) -> Data {
    guard let found = data.range(of: Data(old.utf8)) else { return Data() }
    var changed = data
    changed.replaceSubrange(found, with: Data(new.utf8))
    return changed
  }

  @Test(
    "a damaged checkpoint is not continued, and the training starts from the beginning",
    arguments: damages.indices)
  func damaged(_ index: Int) throws {
    let checkpoint = Checkpoint(place, request: "r")
    _ = try train(epochs: 2, checkpoint: checkpoint)
    let damaged = Self.damages[index].apply(try Data(contentsOf: place))
    #expect(index == 0 || !damaged.isEmpty, "the damage has been done")
    try damaged.write(to: place)
    let found = try train(epochs: 3, checkpoint: checkpoint)
    #expect(try found.network.fingerprint == expected(), "\(Self.damages[index].name)")
  }

  @Test("a failed training keeps its last checkpoint and continues from it")
  func failed() throws {
    let checkpoint = Checkpoint(place, request: "r")
    _ = try train(epochs: 1, checkpoint: checkpoint)
    let before = try Data(contentsOf: place)
    #expect(throws: Failure.self) {
      try train(epochs: 3, checkpoint: checkpoint, objective: FailingObjective(at: 4))
    }
    #expect(try Data(contentsOf: place) == before)
    #expect(try train(epochs: 3, checkpoint: checkpoint).network.fingerprint == expected())
  }

  @Test("a checkpoint that cannot be written is an error")
  func unwritable() throws {
    try Data("a file".utf8).write(to: folder.appending("file"))
    let failure = #expect(throws: Failure.self) {
      try train(epochs: 1, checkpoint: Checkpoint(folder.appending("file/inside"), request: "r"))
    }
    #expect(failure?.kind == .cannotWrite)
  }

  @Test("a checkpoint can be removed, also twice")
  func removed() throws {
    let checkpoint = Checkpoint(place, request: "r")
    _ = try train(epochs: 1, checkpoint: checkpoint)
    checkpoint.remove()
    checkpoint.remove()
    #expect(!FileManager.default.fileExists(atPath: place.path))
  }
}
