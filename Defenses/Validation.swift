import Attacks
import Datasets
import ModelCore
import Support

/// The held-out images on which a training is measured. The training never learns from them.
struct Validation {
  let images: LabelledImages
  let batchSize: Int
  /// The attack on the images; nil to measure the network on unchanged images only.
  let robust: RobustValidation?
  /// The seed of the attack's random numbers. They are the same after each epoch, so that epochs
  /// can be compared.
  let seed: Seed

  /// The results of a network on the held-out images.
  struct Result {
    /// The mean cross-entropy.
    let loss: Double
    let clean: Score
    /// The predictions under the attack; nil if there is none.
    let robust: Score?

    /// Writes the results into the record of an epoch.
    func enter(into record: inout EpochRecord) {
      record.validationLoss = loss
      record.validationAccuracy = clean.accuracy
      record.robustAccuracy = robust?.accuracy
      record.validationGroups = clean.groups
      record.validationWorstGroup = clean.worstGroup
      record.robustWorstGroup = robust?.worstGroup
    }
  }

  /// The correct predictions among those so far, of all images and by group.
  struct Score {
    private var seen = 0
    private var right = 0.0
    private var byGroup: [String: (seen: Double, right: Double)] = [:]

    /// The share of correct predictions.
    var accuracy: Double { right / Double(seen) }
    /// The same in each group, by its name; nil if the images have no groups.
    var groups: [String: Double]? {
      byGroup.isEmpty ? nil : byGroup.mapValues { $0.right / $0.seen }
    }
    /// The lowest share in a group; nil if the images have no groups.
    var worstGroup: Double? { groups?.values.min() }

    mutating func add(_ predictions: Tensor, _ batch: Batch, _ images: LabelledImages) {
      let isRight = predictions.equals(batch.labels)
      seen += batch.count
      right += isRight.to(.float64).sum().scalar
      guard let groups = batch.annotations.groups?.int64s() else { return }
      for (group, isRight) in zip(groups, isRight.to(.float32).floats()) {
        let name = images.groupName(Int(group))
        byGroup[name, default: (0, 0)].seen += 1
        byGroup[name, default: (0, 0)].right += Double(isRight)
      }
    }
  }

  /// Measures a network in evaluation behaviour.
  func measure(_ network: Network) throws -> Result {
    let frozen = try network.frozen()
    var loss = 0.0
    var (clean, withstood) = (Score(), Score())
    for start in stride(from: 0, to: images.count, by: batchSize) {
      let range = start..<min(images.count, start + batchSize)
      let batch = images.batch(range).to(network.device)
      withoutGradients {
        let logits = frozen.logits(batch.images)
        loss += logits.crossEntropy(batch.labels).to(.float64).sum().scalar
        clean.add(logits.predictedClasses, batch, images)
      }
      if let robust {
        let attacked = robust.plan.sweep(
          batch.images, labels: batch.labels, masks: batch.annotations.masks, against: frozen
        ) { _ in ExampleDraws(seed, examples: batch.places, device: network.device) }
        withstood.add(frozen.predictions(attacked.adversarial[0]), batch, images)
      }
    }
    return Result(
      loss: loss / Double(images.count), clean: clean, robust: robust.map { _ in withstood })
  }
}
