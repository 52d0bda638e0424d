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

/// How the models learned: the loss each was trained for, its accuracy on the images it learned
/// from, and on those held out.
struct TrainingCurves {
  let panels: [LineChart]

  /// - Parameter models: all models of the report, which decide how each is drawn.
  /// - Returns: nil if no model has two epochs.
  init?(_ histories: [TrainingHistory], models: [String]) {
    let shown = histories.filter { $0.epochs.count > 1 && models.contains($0.model) }
    guard !shown.isEmpty else { return nil }
    func panel(
      _ id: String, _ title: String, _ yTitle: String, top: Double,
      _ height: (EpochRecord) -> Double?
    ) -> LineChart? {
      let series = shown.compactMap { history -> LineChart.Series? in
        let measurements = history.epochs.compactMap { record in
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
      panel("loss", "The loss trained for", "mean loss", top: Self.roundTop(losses.max() ?? 1)) {
        max(0, $0.loss)
      },
      panel("accuracy", "Right while training", "accuracy, %", top: 100) { 100 * $0.accuracy },
      panel("validation", "Right on images held out", "accuracy, %", top: 100) {
        $0.validationAccuracy.map { 100 * $0 }
      },
    ].compactMap { $0 }
  }

  /// The least of 1, 2, 5 times a power of ten that is not smaller.
  static func roundTop(_ value: Double) -> Double {
    guard value > 0 else { return 1 }
    let power = pow(10, log10(value).rounded(.down))
    return ([1, 2, 5].first { $0 * power >= value } ?? 10) * power
  }
}

extension ReportPage {
  /// How the models were trained; nil if nothing is known of it.
  var training: Section? {
    guard let curves = TrainingCurves(histories, models: grid.models) else { return nil }
    let figure = curves.panels.figure(
      caption:
        "Losses of different defenses are sums of different terms and cannot be compared with each other. The numbers of every "
        + "epoch lie in models/<name>.history.jsonl.")
    return Section(id: "training", heading: "How the models learned", content: [figure])
  }
}
