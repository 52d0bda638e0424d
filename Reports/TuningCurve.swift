import Evaluation
import Foundation
import Support

/// A figure of how a defense's setting was chosen: for each value, the accuracies that the rule of
/// choice compares. Level lines show the lowest clean accuracy that the rule `black-box` admits, and the
/// undefended model's accuracy.
///
/// ```swift
/// try AtomicFile.write(TuningCurve(tuning).svg(), to: URL(filePath: "tuning.svg"))
/// ```
public struct TuningCurve {
  private let tuning: Tuning
  let chart: LineChart

  public init(_ tuning: Tuning) {
    self.tuning = tuning
    let isLogarithmic = tuning.candidates.allSatisfy { $0.value > 0 }
    let place = { (value: Double) in isLogarithmic ? log10(value) : value }
    let ends = [tuning.candidates.first, tuning.candidates.last].compactMap { $0?.value }.map(place)
    func curve(
      _ name: String, _ style: Int, emphasised: Bool, _ cells: (Tuning.Candidate) -> [GridCell]
    )
      -> LineChart.Series
    {
      let measurements = tuning.candidates.map { candidate in
        let cells = cells(candidate)
        let correct = cells.reduce(0) { $0 + $1.correct }
        let shown = cells.reduce(0) { $0 + $1.examples }
        let accuracy = Double(correct) / Double(max(1, shown))
        // Examples of the same image within several budgets are not independent, so the interval is
        // that of as many observations as there are images.
        let images = Double(cells.first?.images ?? 0)
        let isChosen = candidate == tuning.chosen
        return LineChart.Measurement(
          x: place(candidate.value), proportion: accuracy,
          interval: wilsonInterval(successes: accuracy * images, of: images),
          note: "\(name), \(tuning.setting) = \(budgetText(candidate.value)): "
            + "\(percent(accuracy))%" + (isChosen ? ", chosen" : ""))
      }
      return .init(
        name: name, style: Palette.style(style), isEmphasised: emphasised,
        measurements: measurements)
    }
    func level(_ name: String, _ style: Int, _ height: Double) -> LineChart.Series {
      let measurements = ends.map {
        LineChart.Measurement(
          x: $0, proportion: height, interval: height...height, note: "\(name): \(percent(height))%"
        )
      }
      return .init(
        name: name, style: Palette.style(style), isEmphasised: false, measurements: measurements)
    }
    func groupCurve(
      _ name: String, _ style: Int, emphasised: Bool,
      _ height: (GroupAccuracies) -> (Double, ClosedRange<Double>)
    ) -> LineChart.Series {
      let measurements = tuning.candidates.compactMap { candidate in
        candidate.byGroup.map { groups in
          let (accuracy, interval) = height(groups)
          return LineChart.Measurement(
            x: place(candidate.value), proportion: accuracy, interval: interval,
            note: "\(name), \(tuning.setting) = \(budgetText(candidate.value)): "
              + "\(percent(accuracy))% (\(percent(interval)))"
              + (candidate == tuning.chosen ? ", chosen" : ""))
        }
      }
      return .init(
        name: name, style: Palette.style(style), isEmphasised: emphasised,
        measurements: measurements)
    }
    let all = curve("clean", 0, emphasised: false) { $0.cells.filter { $0.epsilon == 0 } }
    let series: [LineChart.Series] =
      switch tuning.rule {
      case .blackBox:
        [
          all, curve("black-box", 1, emphasised: true) { $0.cells.filter { $0.epsilon > 0 } },
          level("least clean", 5, tuning.leastClean),
          level(
            "undefended", 3, Tuning.Candidate(value: 0, cells: tuning.referenceCells).blackBox),
        ]
      case .worstGroup:
        [
          all, groupCurve("mean", 2, emphasised: false) { ($0.mean, $0.meanInterval) },
          groupCurve("worst group", 1, emphasised: true) {
            ($0.worst.accuracy, $0.worstInterval)
          },
        ] + (tuning.referenceByGroup.map { [level("undefended", 3, $0.worst.accuracy)] } ?? [])
      }
    caption = Self.caption(tuning.rule)
    chart = LineChart(
      id: "tuning", title: "\(tuning.model): \(tuning.setting)", description: caption,
      xTitle: tuning.setting + (isLogarithmic ? ", logarithmic" : ""),
      yTitle: "accuracy on held-out images, %", series: series,
      xLabel: { budgetText(isLogarithmic ? (pow(10, $0) * 1e6).rounded() / 1e6 : $0) })
  }

  /// The explanation of the lines.
  private let caption: String

  private static func caption(_ rule: Tuning.Rule) -> String {
    switch rule {
    case .blackBox:
      """
      Black-box: accuracy on the undefended model's FGSM examples, the mean over three budgets. \
      Least clean: 97% of the undefended model's accuracy on clean images; no value with a lower \
      clean accuracy is chosen. Undefended: that model's accuracy on its own examples. Shaded areas \
      are 95% Wilson intervals.
      """
    case .worstGroup:
      """
      Worst group: the lowest accuracy in a group of the held-out images; the value where it is \
      highest is chosen. Mean: the unweighted mean over the groups. Clean: the accuracy on all of \
      these images. Shaded areas are 95% intervals; that of the worst group is one of the lowest \
      true accuracy of all groups.
      """
    }
  }

  /// The figure as an SVG file.
  public func svg() -> String {
    ChartFigure(
      title: "Choice of \(tuning.setting) for \(tuning.model)", description: caption,
      charts: [chart]
    ).svg()
  }
}
