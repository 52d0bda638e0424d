import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The training loop")
struct TrainerTests {
  let folder = TemporaryFolder()

  private func train(
    _ network: Network, _ settings: TrainingSettings, _ objective: any Objective = CrossEntropy(),
    on data: LabelledImages = TinyTraining.data
  ) throws -> [EpochRecord] {
    try Trainer(settings, objective: objective).train(network, on: data, title: "test")
  }

  static let objectives: [any Objective] = [
    CrossEntropy(), AdversarialTraining(InnerAttack(epsilon: 0.05)),
  ]
  static let optimizers: [OptimizerRule] = [
    .adam(rate: 1e-2), .sgd(rate: 0.1, momentum: 0.9, nesterov: true),
  ]

  @Test(
    "training lowers the loss and learns with each objective and optimizer",
    arguments: objectives.indices, optimizers)
  func learns(_ objective: Int, _ optimizer: OptimizerRule) throws {
    let network = TinyTraining.network()
    let history = try train(
      network, TinyTraining.settings(epochs: 6, optimizer: optimizer), Self.objectives[objective])
    #expect(history.map(\.epoch) == Array(0..<6))
    #expect(history[5].loss < history[0].loss * 0.8)
    #expect(history[5].accuracy > history[0].accuracy + 0.1)
    let data = TinyTraining.data
    let right = network.predictions(data.batch(0..<data.count).images).equals(data.labels).to(
      .float32
    )
    .mean().scalar
    #expect(right > 0.5)
  }

  @Test(
    "the same seed gives the same bytes, and another seed gives others",
    arguments: objectives.indices)
  func reproducible(_ objective: Int) throws {
    let files = try [73, 73, 74].map { (seed: UInt64) in
      let network = TinyTraining.network()
      _ = try train(
        network, TinyTraining.settings(epochs: 2, seed: seed), Self.objectives[objective])
      return try TinyTraining.bytes(network, in: folder.url)
    }
    #expect(files[0] == files[1])
    #expect(files[0] != files[2])
  }

  @Test("records are reproducible")
  func records() throws {
    let first = try train(TinyTraining.network(), TinyTraining.settings(epochs: 2))
    #expect(try train(TinyTraining.network(), TinyTraining.settings(epochs: 2)) == first)
    #expect(first.allSatisfy { $0.loss > 0 && (0...1).contains($0.accuracy) })
  }

  @Test("a training of no epochs leaves the network unchanged")
  func nothing() throws {
    let network = TinyTraining.network()
    let before = network.fingerprint
    #expect(try train(network, TinyTraining.settings(epochs: 0)) == [])
    #expect(network.fingerprint == before)
  }

  @Test(
    "a last batch is left out only if it has a single image",
    arguments: [(33, 2), (34, 3), (32, 2), (16, 1)])
  func partialBatch(_ images: Int, _ batches: Int) throws {
    let network = TinyTraining.network()
    let history = try train(
      network, TinyTraining.settings(epochs: 1, batchSize: 16), on: TinyTraining.data.prefix(images)
    )
    #expect(network["1.num_batches_tracked"].scalar == Double(batches))
    #expect(history[0].loss.isFinite)
  }

  @Test("each epoch uses every image once, in another order")
  func order() throws {
    final class Recorder: Objective, @unchecked Sendable {
      private(set) var sums: [Double] = []
      func terms(_ step: TrainingStep) -> [LossTerm] {
        sums += step.images.to(.float64).sum([1, 2, 3]).floats().map(Double.init)
        return CrossEntropy().terms(step)
      }
    }
    let recorder = Recorder()
    _ = try train(TinyTraining.network(), TinyTraining.settings(epochs: 2), recorder)
    let all = TinyTraining.data.batch(0..<200).images.to(.float64).sum([1, 2, 3]).floats().map(
      Double.init
    ).sorted()
    let epochs = [Array(recorder.sums[..<200]), Array(recorder.sums[200...])]
    #expect(epochs.allSatisfy { $0.sorted() == all })
    #expect(epochs[0] != epochs[1])
  }

  @Test(
    "a loss of NaN stops the training, and the error names epoch, step and terms")
  func diverged() throws {
    // 200 images give seven steps per epoch: the tenth step is the third of the second epoch.
    let objective = FailingObjective(at: 10)
    let failure = #expect(throws: Failure.self) {
      try train(TinyTraining.network(), TinyTraining.settings(epochs: 3), objective)
    }
    #expect(objective.steps == 10)
    #expect(failure?.kind == .failed)
    let message = failure?.message ?? ""
    #expect(
      message.hasPrefix(
        "the loss of FailingObjective is infinite or not a number (NaN) at epoch 2, step 3: "
          + "cross-entropy = "))
    #expect(message.hasSuffix(", penalty = nan"))
    #expect(
      failure?.hint == "lower the learning rate; the last checkpoint is kept")
  }

  @Test("a network with a NaN ends in an error and does not end the process")
  func broken() async {
    await #expect(processExitsWith: .success) {
      for objective in [CrossEntropy(), AdversarialTraining()] as [any Objective] {
        let trainer = Trainer(TinyTraining.settings(epochs: 1), objective: objective)
        #expect(throws: Failure.self) {
          try trainer.train(TinyTraining.brokenNetwork(), on: TinyTraining.data, title: "test")
        }
      }
    }
  }

  @Test("the total is the weighted sum of the terms")
  func total() {
    let terms = [
      LossTerm("a", weight: 0.5, Tensor.full(3, shape: [])),
      LossTerm("b", Tensor.full(-1, shape: [])),
    ]
    #expect(terms.total.scalar == 0.5)
  }
}
