import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// What the user should know about a finished training: that the network has learned nothing, or
/// that it has lost its robustness on the way.
struct TrainingNotices {
  let history: [EpochRecord]
  /// The number of the epoch whose weights are kept, counted from 0.
  let kept: Int?

  /// An accuracy of the kept network, and the images on which it was measured.
  struct Measurement {
    /// Where it was measured, such as `on the test images`.
    let place: String
    let accuracy: Double
    let images: LabelledImages
  }

  /// A sentence for the first accuracy that is not above chance; nil if all are.
  ///
  /// Chance is the share of the most frequent class, which is at least 1/K for K classes. An
  /// accuracy is not above chance if the lower end of its Wilson interval is not.
  func chance(_ measurements: [Measurement]) -> String? {
    for measured in measurements {
      let count = Double(measured.images.count)
      let interval = wilsonInterval(successes: min(1, measured.accuracy) * count, of: count)
      let chance = mostFrequentShare(measured.images)
      guard interval.lowerBound <= chance else { continue }
      return
        "The model has not learned to predict the labels: its accuracy \(measured.place), "
        + "\(percent(measured.accuracy)) (\(percent(interval.lowerBound)) to "
        + "\(percent(interval.upperBound))), is not above the \(percent(chance)) of always "
        + "predicting the most frequent class. Use a lower learning rate, more epochs, or a "
        + "warm-up: of the learning rate (schedule triangle), or of the budget if the defense "
        + "trains on adversarial examples (warmup)."
    }
    return nil
  }

  /// A sentence if the last epoch's accuracy under attack is less than half of the best one, and
  /// the accuracy while training has not fallen; nil otherwise.
  ///
  /// The best accuracy must be above chance, and the intervals of the two must be apart.
  func collapse(_ heldOut: LabelledImages?) -> String? {
    guard let heldOut, let best = history.best(), let last = history.last,
      let highest = history[best].robustAccuracy, let lowest = last.robustAccuracy,
      lowest < highest / 2, last.accuracy >= history[best].accuracy
    else { return nil }
    let count = Double(heldOut.count)
    let before = wilsonInterval(successes: highest * count, of: count)
    let after = wilsonInterval(successes: lowest * count, of: count)
    guard after.upperBound < before.lowerBound, before.lowerBound > mostFrequentShare(heldOut)
    else { return nil }
    let advice =
      kept == best
      ? "The weights of epoch \(best + 1) are kept."
      : "Keep the weights of the best epoch (keep best), or stop early (patience)."
    return
      "The model lost its robustness in training: its accuracy under attack on the held-out images "
      + "fell from \(percent(highest)) after epoch \(best + 1) to \(percent(lowest)) after epoch "
      + "\(last.epoch + 1), while its accuracy on the examples of the training did not fall. This "
      + "is catastrophic overfitting. \(advice) A smaller step, or several steps, in the attack of "
      + "the training can prevent it."
  }

  private func mostFrequentShare(_ images: LabelledImages) -> Double {
    Double(images.histogram.max() ?? 0) / Double(images.count)
  }

  private func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
}
