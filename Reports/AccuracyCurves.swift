import Evaluation
import Support

/// A figure of accuracy against the budget of one attack, with a panel for each source model, on
/// which the examples were made, and a line for each victim, to which they were shown.
///
/// With many models, three panels sum up those of the source models: each model on its own examples,
/// its lowest accuracy over the source models, and the mean over the other source models.
///
/// It has the form of figure 14 of A. Ross, "Training Machine Learning Models by Regularizing their
/// Explanations" (2018).
struct AccuracyCurves {
  let attack: String
  private let grid: Grid
  /// A panel for each source model.
  let panels: [LineChart]
  /// The panels over all source models; empty if there are few models.
  let overall: [LineChart]

  /// - Returns: nil for an attack with fewer than two budgets, which has no curve.
  init?(grid: Grid, attack: String) {
    guard grid.epsilons(for: attack).count > 1 else { return nil }
    self.attack = attack
    self.grid = Grid(cells: grid.cells.filter { $0.attack == attack }, provenance: grid.provenance)
    let number = grid.attacks.firstIndex(of: attack) ?? 0
    panels = self.grid.sources.enumerated().map { index, source in
      Self.panel(grid, attack, source, id: "curves-\(number)-\(index)")
    }
    overall = grid.isLarge ? SourceSummary(self.grid, attack).panels(id: "curves-\(number)") : []
  }

  /// The caption under the panels of the source models.
  static let caption =
    """
    Each panel shows the accuracy of all models on the examples made on one source model. The \
    thick line with filled markers and a bold name is the source model itself (white-box). The \
    other lines are black-box. Shaded areas are 95% Wilson intervals.
    """

  /// The figure as files. Its data have the columns of `grid.csv`.
  var figure: ChartFigure {
    let title = "Accuracy under \(attack) against \(grid.budgetSymbol(attack))"
    let all = overall + panels
    return ChartFigure(
      title: title, description: Self.caption,
      panels: all.map { panel in { panel.picture(at: $0) } },
      size: LineChart.size, csv: grid.csv(), legend: Legend(all),
      vegaLite: { file in
        .lines(
          title: title, data: file, panel: "source", series: "victim",
          x: .init("epsilon", grid.budgetAxis(attack)),
          y: .init("accuracy", "accuracy"), low: "ci_low",
          high: "ci_high")
      })
  }

  private static func panel(_ grid: Grid, _ attack: String, _ source: String, id: String)
    -> LineChart
  {
    let symbol = grid.budgetSymbol(attack)
    let series = grid.models.enumerated().compactMap { index, victim -> LineChart.Series? in
      let curve = grid.curve(attack: attack, source: source, victim: victim)
      guard !curve.isEmpty else { return nil }
      let measurements = curve.map { epsilon, cell in
        LineChart.Measurement(
          x: epsilon, proportion: cell.accuracy, interval: cell.interval,
          note: """
            \(source) to \(victim), \(grid.budgetLabel(attack, epsilon)): \
            \(percent(cell.accuracy))% correct (95% interval \(percent(cell.interval))), \
            \(cell.correct) of \(cell.examples)
            """)
      }
      return LineChart.Series(
        name: victim, style: Palette.style(index), isEmphasised: victim == source,
        measurements: measurements)
    }
    return LineChart(
      id: id, title: "Source model: \(source)",
      description: """
        Accuracy of \(listed(series.map(\.name))) on \(attack) examples made on \(source), \
        against the budget \(symbol). The transfer matrices have the numbers.
        """,
      xTitle: grid.budgetAxis(attack), yTitle: "accuracy, %", series: series)
  }
}
