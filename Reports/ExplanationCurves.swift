import Evaluation
import Support

/// A figure of models with other explanations: how accurate they are, and where their explanations
/// lie, in the order of their training. It has the form of figure 8 of A. Ross, M. Hughes and F.
/// Doshi-Velez, "Right for the Right Reasons" (2017).
struct ExplanationCurves {
  let panels: [LineChart]

  /// - Returns: nil with fewer than two models.
  init?(_ found: OtherExplanations) {
    guard found.models.count > 1 else { return nil }
    func series(
      _ name: String, _ index: Int, counted: (OtherModel) -> Int,
      _ share: (OtherModel) -> Double?
    ) -> LineChart.Series? {
      let measurements = found.models.compactMap { model in
        share(model).map { value -> LineChart.Measurement in
          let count = counted(model)
          let right = Int((value * Double(count)).rounded())
          let interval =
            count > 0 ? wilsonInterval(successes: min(right, count), of: count) : value...value
          return LineChart.Measurement(
            x: Double(model.number), proportion: value, interval: interval,
            note: "\(model.model), \(name): \(percent(value))%")
        }
      }
      guard !measurements.isEmpty else { return nil }
      return LineChart.Series(
        name: name, style: Palette.style(index), isEmphasised: index == 0,
        measurements: measurements)
    }
    func panel(_ id: String, _ title: String, _ axis: String, _ series: [LineChart.Series?])
      -> LineChart?
    {
      let shown = series.compactMap { $0 }
      guard !shown.isEmpty else { return nil }
      return LineChart(
        id: "another-" + id, title: title,
        description: "\(title) of \(listed(found.models.map(\.model))), in this order.",
        xTitle: "model, in the order of training", yTitle: axis, series: shown)
    }
    let images = found.images
    panels = [
      panel(
        "accuracy", "Accuracy of each model", "accuracy, %",
        [
          series("test", 0, counted: { _ in images }) { $0.testAccuracy },
          series("training", 1, counted: { $0.images }) { $0.trainAccuracy },
          series("held out", 2, counted: { _ in 0 }) { $0.heldOutAccuracy },
        ]),
      panel(
        "reasons", "Large components in masks", "share of the large components, %",
        [
          series("in masks found", 3, counted: { _ in 0 }) { $0.inUnion },
          series("in data's mask", 4, counted: { _ in 0 }) { $0.inMask },
        ]),
    ].compactMap { $0 }
  }
}
