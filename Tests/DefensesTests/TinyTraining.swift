import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import Testing

/// A small training on seven-segment digits of 14x14 pixels, with the seeds 71 and 72.
enum TinyTraining {
  static let data = try! SevenSegmentDigits(seed: Seed(71), size: 14).images(.train, count: 200)

  /// The same data with a mask over the left half of each image and two groups, for defenses that
  /// need them.
  static let annotated: LabelledImages = {
    let pixels = data.pixels
    let left = Tensor.range(14).to(.float32).isLess(than: 7).to(.float32).reshaped([1, 1, 1, 14])
    return try! LabelledImages(
      name: data.name, classNames: data.classNames, pixels: pixels,
      labels: data.labels.int64s(), groups: data.labels.int64s().map { $0 % 2 },
      masks: left.expanded(pixels.shape).contiguous)
  }()

  /// A network with batch normalisation and dropout, so that everything that has a state is there.
  static func network(seed: UInt64 = 72) -> Network {
    let layers = [
      "conv 12 kernel 4 stride 2 padding 1", "batchnorm", "relu", "flatten", "dropout 0.1",
      "linear 10",
    ]
    let description = try! NetworkDescription(
      input: data.shape, layers: LayerList(layers), classNames: data.classNames)
    return try! Network(description, initialization: .kaimingUniform, seed: Seed(seed))
  }

  static func settings(
    epochs: Int, batchSize: Int = 32, optimizer: OptimizerRule = .adam(rate: 1e-2),
    seed: UInt64 = 73
  ) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batchSize: batchSize, optimizer: optimizer,
      schedule: .step(epochs: 1, factor: 0.9),
      seed: Seed(seed))
  }

  /// A network with a weight that is not a number (NaN).
  static func brokenNetwork() -> Network {
    let sound = network()
    let tensors = sound.state().map {
      ($0.name, $0.name == "0.bias" ? $0.tensor * .nan : $0.tensor)
    }
    return try! Network(sound.description, tensors: Dictionary(uniqueKeysWithValues: tensors))
  }

  /// A training step with the first images of the data.
  /// - Parameters:
  ///   - masks: a mask for each image, in the images' shape; nil: those of the data.
  ///   - objective: what the step is made for; nil: one that reads the clean images' logits.
  static func step(
    _ network: Network, _ count: Int = 20, pass: Pass = .training(dropout: nil),
    masks: Tensor? = nil, seed: UInt64 = 0, for objective: (any Objective)? = nil,
    on data: LabelledImages = TinyTraining.data
  ) -> TrainingStep {
    let plain = data.batch(0..<count)
    let known = plain.annotations
    let batch = Batch(
      images: plain.images,
      annotations: Annotations(
        labels: known.labels, groups: known.groups, masks: masks ?? known.masks))
    return TrainingStep(
      network, batch, pass, seed: Seed(seed),
      readsCleanLogits: objective?.readsCleanLogits ?? true)
  }

  /// What a defense gets before training. Another network that it asks for is trained for one
  /// epoch.
  static func preparation(_ network: Network) -> Preparation {
    Preparation(network, data: annotated) { _, defense in
      let other = Self.network(seed: 76)
      let objective = try defense.objective(Self.preparation(other))
      _ = try Trainer(settings(epochs: 1), objective: objective).train(
        other, on: annotated, title: "test")
      return other
    }
  }

  /// The bytes of the network's file.
  static func bytes(_ network: Network, in folder: URL) throws -> Data {
    let place = folder.appending(path: "model-\(UUID().uuidString).safetensors")
    try ModelFile.write(network, training: nil, to: place)
    return try Data(contentsOf: place)
  }
}

/// The cross-entropy, with a term that is not a number (NaN) at one step.
final class FailingObjective: Objective, @unchecked Sendable {
  private let fatalStep: Int
  private(set) var steps = 0

  /// - Parameter fatalStep: the call of `terms` that fails, counted from 1.
  init(at fatalStep: Int) { self.fatalStep = fatalStep }

  func terms(_ step: TrainingStep) -> [LossTerm] {
    steps += 1
    let broken = Tensor.full(steps == fatalStep ? .nan : 0, shape: [])
    return CrossEntropy().terms(step) + [LossTerm("penalty", weight: 0.5, broken)]
  }
}

extension Objective {
  /// The objective as the only one of a training: a penalty gets a cross-entropy.
  var alone: ObjectiveSum { ObjectiveSum([(self, 1)]) }
}
