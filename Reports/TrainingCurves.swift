import Defenses
import Evaluation
import Foundation

/// One model's training, epoch by epoch.
public struct TrainingHistory: Equatable, Sendable {
  public let model: String
  public let epochs: [EpochRecord]

  public init(model: String, epochs: [EpochRecord]) {
    self.model = model
    self.epochs = epochs
  }
}

/// A figure of the models' trainings: loss, accuracy on the training images, and accuracy on the
/// held-out images, unchanged and under attack, after each epoch.
struct TrainingCurves {
  let panels: [LineChart]

  /// - Parameters:
  ///   - histories: the trainings; those of models that are not in the report are omitted.
  ///   - models: all models of the report, whose order decides each model's style.
  /// - Returns: nil if no model has two epochs.
  init?(_ histories: [TrainingHistory], models: [String]) {
    let shown = histories.filter { $0.epochs.count > 1 && models.contains($0.model) }
    guard !shown.isEmpty else { return nil }
    func panel(
      _ id: String, _ title: String, _ yTitle: String, top: Double,
      _ height: (EpochRecord) -> Double?
    ) -> LineChart? {
      let series = shown.compactMap { history -> LineChart.Series? in
        let measurements = Self.shown(history.epochs).compactMap { record in
          height(record).map { value in
            LineChart.Measurement(
              x: Double(record.epoch + 1), proportion: value / top,
              interval: (value / top)...(value / top),
              note: "\(history.model), epoch \(record.epoch + 1): \(budgetText(value))")
          }
        }
        guard !measurements.isEmpty else { return nil }
        let style = Palette.style(models.firstIndex(of: history.model) ?? 0)
        return .init(
          name: history.model, style: style, isEmphasised: false, measurements: measurements)
      }
      guard !series.isEmpty else { return nil }
      return LineChart(
        id: "training-" + id, title: title,
        description: "\(title) after each epoch, of \(listed(series.map(\.name))).",
        xTitle: "epoch", yTitle: yTitle,
        series: series, top: top)
    }
    let losses = shown.flatMap { $0.epochs.map(\.loss) }.filter(\.isFinite)
    panels = [
      panel("loss", "Training loss", "mean loss", top: Self.roundTop(losses.max() ?? 1)) {
        max(0, $0.loss)
      },
      panel("accuracy", "Training accuracy", "accuracy, %", top: 100) { 100 * $0.accuracy },
      panel("validation", "Accuracy on held-out images", "accuracy, %", top: 100) {
        $0.validationAccuracy.map { 100 * $0 }
      },
      panel("worst-group", "Worst group of held-out images", "accuracy, %", top: 100) {
        $0.validationWorstGroup.map { 100 * $0 }
      },
      panel("robust", "Accuracy under attack on held-out images", "accuracy, %", top: 100) {
        $0.robustAccuracy.map { 100 * $0 }
      },
    ].compactMap { $0 }
  }

  /// The largest number of epochs of a training that a chart shows.
  static let mostShown = 50

  /// The epochs that a chart shows: all of a short training, and of a longer one every k-th, for the
  /// smallest k that leaves few enough, and the last one.
  static func shown(_ epochs: [EpochRecord]) -> [EpochRecord] {
    guard epochs.count > mostShown else { return epochs }
    let step = (epochs.count + mostShown - 3) / (mostShown - 1)
    return epochs.enumerated().filter { place, _ in
      place % step == 0 || place == epochs.count - 1
    }.map(\.element)
  }

  /// The smallest number of at least `value` that is 1, 2 or 5 times a power of ten; 1 for a value
  /// that is not positive.
  static func roundTop(_ value: Double) -> Double {
    guard value > 0 else { return 1 }
    let power = pow(10, log10(value).rounded(.down))
    return ([1, 2, 5].first { $0 * power >= value } ?? 10) * power
  }
}

extension ReportPage {
  /// The section on the trainings; nil if there are no histories.
  var training: Section? {
    guard let curves = TrainingCurves(histories, models: grid.models) else { return nil }
    let content = figure(
      curves.panels,
      caption: """
        Defenses train with different losses, so losses of different defenses cannot be compared. \
        Of a training with more than \(TrainingCurves.mostShown) epochs, evenly spaced ones are \
        shown. The numbers of every epoch are in models/<name>.history.jsonl.
        """, name: "training")
    return Section(
      id: "training", heading: "Training of the models",
      content: [grid.isLarge ? folded("The trainings of all models", [content]) : content])
  }
}
