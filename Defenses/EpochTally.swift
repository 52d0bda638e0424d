import Datasets
import ModelCore

/// The sums over the images of an epoch so far, of one network.
struct EpochTally {
  private var seen = 0
  private var right = 0.0
  private var lossSum = 0.0
  private var termSums: [String: Double] = [:]
  /// Whether predictions were judged. An autoencoder makes none.
  private(set) var isJudged = false

  var loss: Double { lossSum / Double(seen) }
  var accuracy: Double { right / Double(seen) }

  /// Adds a batch.
  /// - Parameters:
  ///   - loss: the loss that was minimised.
  ///   - logits: what the predictions are judged by, `[N, K]`; nil if nothing is.
  mutating func add(_ loss: Double, _ terms: [LossTerm], _ batch: Batch, _ logits: Tensor?) {
    seen += batch.count
    lossSum += loss * Double(batch.count)
    for term in terms { termSums[term.name, default: 0] += term.value.scalar * Double(batch.count) }
    guard let logits else { return }
    isJudged = true
    right +=
      withoutGradients {
        logits.predictedClasses.equals(batch.labels).to(.float32).sum()
      }.scalar
  }

  /// The record of the epoch.
  func record(_ epoch: Int, rateFactor: Double) -> EpochRecord {
    var record = EpochRecord(epoch: epoch, loss: loss, accuracy: accuracy)
    record.terms = termSums.mapValues { $0 / Double(seen) }
    record.rateFactor = rateFactor
    return record
  }
}
