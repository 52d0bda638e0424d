import Evaluation
import Foundation
import Support

/// A figure of how a defense's setting was chosen: for each value, the accuracy on clean images and
/// on black-box examples. Two level lines show the lowest clean accuracy that the rule of choice
/// admits, and the undefended model's accuracy.
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
    let undefended = Tuning.Candidate(value: 0, cells: tuning.referenceCells).blackBox
    chart = LineChart(
      id: "tuning", title: "\(tuning.model): \(tuning.setting)", description: Self.caption,
      xTitle: tuning.setting + (isLogarithmic ? ", logarithmic" : ""),
      yTitle: "accuracy on held-out images, %",
      series: [
        curve("clean", 0, emphasised: false) { $0.cells.filter { $0.epsilon == 0 } },
        curve("black-box", 1, emphasised: true) { $0.cells.filter { $0.epsilon > 0 } },
        level("least clean", 5, tuning.leastClean), level("undefended", 3, undefended),
      ],
      xLabel: { budgetText(isLogarithmic ? (pow(10, $0) * 1e6).rounded() / 1e6 : $0) })
  }

  /// The explanation of the lines.
  public static let caption =
    """
    Black-box: accuracy on the undefended model's FGSM examples, the mean over three budgets. \
    Least clean: 97% of the undefended model's accuracy on clean images; no value with a lower \
    clean accuracy is chosen. Undefended: that model's accuracy on its own examples. Shaded areas \
    are 95% Wilson intervals.
    """

  /// The figure as an SVG file.
  public func svg() -> String {
    ChartFigure(
      title: "Choice of \(tuning.setting) for \(tuning.model)", description: Self.caption,
      charts: [chart]
    ).svg()
  }
}
