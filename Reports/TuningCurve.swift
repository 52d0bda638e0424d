import Evaluation
import Foundation
import Support

/// What each value of a defense's setting came to: accuracy on clean images and on black-box
/// examples, with the least clean accuracy that is admissible and the undefended model's accuracy
/// as level lines.
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
        // The same images within several budgets count once.
        let images = Double(cells.first?.images ?? 0)
        let isChosen = candidate == tuning.chosen
        return LineChart.Measurement(
          x: place(candidate.value), proportion: accuracy,
          interval: wilsonInterval(successes: accuracy * images, of: images),
          note:
            "\(name), \(tuning.setting) = \(budgetText(candidate.value)): \(percent(accuracy))%\(isChosen ? ", chosen" : "")"
        )
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
      yTitle: "accuracy on images held out, %",
      series: [
        curve("clean", 0, emphasised: false) { $0.cells.filter { $0.epsilon == 0 } },
        curve("black-box", 1, emphasised: true) { $0.cells.filter { $0.epsilon > 0 } },
        level("least clean", 5, tuning.leastClean), level("undefended", 3, undefended),
      ],
      xLabel: { budgetText(isLogarithmic ? (pow(10, $0) * 1e6).rounded() / 1e6 : $0) })
  }

  public static let caption =
    """
    Black-box: on the undefended model's FGSM examples, the mean over three budgets. Least clean: 97% of the undefended model's \
    accuracy on clean images, below which no value is chosen. Undefended: that model's accuracy on its own examples. Shaded: 95% \
    Wilson interval.
    """

  /// The figure as a file of its own.
  public func svg() -> String {
    ChartFigure(
      title: "Choice of \(tuning.setting) for \(tuning.model)", description: Self.caption,
      charts: [chart]
    ).svg()
  }
}
