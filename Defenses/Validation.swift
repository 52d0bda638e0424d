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
    /// The mean cross-entropy, and the share of correct predictions.
    let loss: Double
    let accuracy: Double
    /// The share of correct predictions under the attack; nil if there is none.
    let robustAccuracy: Double?
  }

  /// Measures a network in evaluation behaviour.
  func measure(_ network: Network) throws -> Result {
    let frozen = try network.frozen()
    var (loss, right, withstood) = (0.0, 0.0, 0.0)
    for start in stride(from: 0, to: images.count, by: batchSize) {
      let range = start..<min(images.count, start + batchSize)
      let batch = images.batch(range).to(network.device)
      withoutGradients {
        let logits = frozen.logits(batch.images)
        loss += logits.crossEntropy(batch.labels).to(.float64).sum().scalar
        right += correct(logits.predictedClasses, batch)
      }
      if let robust {
        let attacked = robust.attack.sweep(
          batch.images, .away(from: batch.labels), epsilons: [robust.epsilon], against: frozen,
          draws: ExampleDraws(seed, examples: batch.places, device: network.device))[0]
        withstood += correct(frozen.predictions(attacked), batch)
      }
    }
    let count = Double(images.count)
    return Result(
      loss: loss / count, accuracy: right / count,
      robustAccuracy: robust.map { _ in withstood / count })
  }

  private func correct(_ predictions: Tensor, _ batch: Batch) -> Double {
    predictions.equals(batch.labels).to(.float64).sum().scalar
  }
}
