import Datasets
import ModelCore

/// The held-out images on which a training is measured. The training never learns from them.
struct Validation {
  let images: LabelledImages
  let batchSize: Int

  /// The mean cross-entropy and the accuracy of a network in evaluation behaviour.
  func measure(_ network: Network) throws -> (loss: Double, accuracy: Double) {
    let frozen = try network.frozen()
    var (loss, right) = (0.0, 0.0)
    for start in stride(from: 0, to: images.count, by: batchSize) {
      let range = start..<min(images.count, start + batchSize)
      let batch = images.batch(range).to(network.device)
      withoutGradients {
        let logits = frozen.logits(batch.images)
        loss += logits.crossEntropy(batch.labels).to(.float64).sum().scalar
        right += logits.predictedClasses.equals(batch.labels).to(.float64).sum().scalar
      }
    }
    return (loss / Double(images.count), right / Double(images.count))
  }
}
