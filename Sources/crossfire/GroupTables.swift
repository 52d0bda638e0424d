import Evaluation
import Foundation
import Support

/// The accuracies of models by group: a row for each group, one for their mean and one for the worst
/// group; nil without models.
func groupTable(_ models: [(name: String, accuracies: GroupAccuracies)]) -> String? {
  guard let first = models.first?.accuracies else { return nil }
  var table = TextTable(["group", "images"] + models.map(\.name))
  func cell(_ accuracy: Double, _ interval: ClosedRange<Double>) -> String {
    "\(accuracy.percent) (\(interval.percent))"
  }
  for (place, group) in first.groups.enumerated() {
    table.add(
      [group.name, "\(group.images)"]
        + models.map {
          cell($0.accuracies.groups[place].accuracy, $0.accuracies.groups[place].interval)
        })
  }
  table.add(["mean", ""] + models.map { cell($0.accuracies.mean, $0.accuracies.meanInterval) })
  table.add(
    ["worst", ""] + models.map { cell($0.accuracies.worst.accuracy, $0.accuracies.worstInterval) })
  return table.text + "\n\n" + paragraph(GroupAccuracies.worstIntervalNote)
}

/// How much models rely on masked features: a row for each model and each size of the noise; nil
/// without models.
func relianceTable(_ models: [MaskReliance]) -> String? {
  guard let first = models.first else { return nil }
  var table = TextTable([
    "masks", "sigma", "unchanged", "noise inside", "drop", "noise outside", "drop", "RCS",
    "large inside", "top \(first.topCount)",
  ])
  for model in models {
    for noise in model.noises {
      table.add([
        model.model, noise.sigma.plainDecimal, model.accuracy.percent, noise.inside.percent,
        signed(noise.insideDrop), noise.outside.percent, signed(noise.outsideDrop),
        noise.coreSensitivity.hundredths, model.largeShare?.percent ?? "",
        model.topMarked?.hundredths ?? "",
      ])
    }
  }
  let note =
    "Of the \(first.images) images with a mask. The noise is Gaussian with the standard deviation "
    + "sigma, in the unit of the data, and "
    + (first.clipped ? "clipped to the valid range" : "not clipped")
    + ". RCS is the relative core sensitivity, from -1 to 1. Large inside is the share of large "
    + "gradient components (more than \(first.threshold.plainDecimal) of the largest) that are in the "
    + "mask; the masks cover \(first.maskedShare.percent) of the features. The last column is the mean "
    + "number of masked features among the \(first.topCount) with the largest gradients."
  return table.text + "\n\n" + paragraph(note)
}

private func paragraph(_ text: String) -> String {
  wrapped(text, indent: 0).joined(separator: "\n")
}

/// A percentage that may be negative; empty if there is none.
private func signed(_ share: Double?) -> String {
  share.map { ($0 < 0 ? "-" : "") + abs($0).percent } ?? ""
}

extension Double {
  /// The number with two decimals.
  fileprivate var hundredths: String { String(format: "%.2f", self) }
}

extension ClosedRange<Double> {
  /// "62.59 % to 85.70 %".
  var percent: String { "\(lowerBound.percent) to \(upperBound.percent)" }
}
