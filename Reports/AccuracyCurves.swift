import Evaluation
import Support

/// Accuracy against the budget of one attack, as in figure 14 of A. Ross, "Training machine
/// learning models by regularizing their explanations" (2018): a panel for each model the examples
/// were made on, a line for each model they were shown to.
struct AccuracyCurves {
  let attack: String
  private let grid: Grid
  let panels: [LineChart]

  /// The figure, or nil for an attack with fewer than two budgets, which has no curve.
  init?(grid: Grid, attack: String) {
    guard grid.epsilons(for: attack).count > 1 else { return nil }
    self.attack = attack
    self.grid = Grid(cells: grid.cells.filter { $0.attack == attack }, provenance: grid.provenance)
    let number = grid.attacks.firstIndex(of: attack) ?? 0
    panels = self.grid.sources.enumerated().map { index, source in
      Self.panel(grid, attack, source, id: "curves-\(number)-\(index)")
    }
  }

  /// What the figure shows, for the line under it.
  static let caption =
    """
    Each panel: examples made on one model, shown to all. Thick line, filled markers, bold name: white-box, the model \
    meets its own examples. Shaded: 95% Wilson interval.
    """

  /// The figure as files, its data in the columns of `grid.csv`.
  var figure: ChartFigure {
    let title = "Accuracy under \(attack) against \(grid.budgetSymbol(attack))"
    return ChartFigure(
      title: title, description: Self.caption,
      panels: panels.map { panel in { panel.picture(at: $0) } },
      size: LineChart.size, csv: grid.csv(),
      vegaLite: { file in
        .lines(
          title: title, data: file, panel: "source", series: "victim",
          x: .init("epsilon", "budget \(grid.budgetSymbol(attack))"),
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
            \(source) to \(victim), \(symbol) = \(budgetText(epsilon)): \(percent(cell.accuracy))% correct \
            (95% interval \(percent(cell.interval))), \(cell.correct) of \(cell.examples)
            """)
      }
      return LineChart.Series(
        name: victim, style: Palette.style(index), isEmphasised: victim == source,
        measurements: measurements)
    }
    return LineChart(
      id: id, title: "Made on \(source)",
      description: """
        Accuracy of \(listed(series.map(\.name))) on \(attack) examples made on \(source), against the budget \(symbol). \
        The numbers stand in the transfer matrices.
        """,
      xTitle: "budget \(symbol)", yTitle: "accuracy, %", series: series)
  }
}
