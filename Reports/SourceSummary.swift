import Evaluation

/// What the target models make of the examples of all source models together, for one attack. It
/// stands for the panels and rows of the single source models where there are too many of them.
struct SourceSummary {
  private let grid: Grid
  private let attack: String
  private let cells: [Double: [String: [GridCell]]]

  init(_ grid: Grid, _ attack: String) {
    self.grid = grid
    self.attack = attack
    cells = Dictionary(grouping: grid.cells.filter { $0.attack == attack }, by: \.epsilon)
      .mapValues { Dictionary(grouping: $0, by: \.victim) }
  }

  /// A target model's accuracy on its own examples.
  func own(_ victim: String, _ epsilon: Double) -> GridCell? {
    cells[epsilon]?[victim]?.first { $0.setting == .whiteBox }
  }

  /// The cell of the source model whose examples give a target model its lowest accuracy.
  func worst(_ victim: String, _ epsilon: Double) -> GridCell? {
    cells[epsilon]?[victim]?.min { $0.accuracy < $1.accuracy }
  }

  /// A target model's mean accuracy over the other source models.
  func mean(_ victim: String, _ epsilon: Double) -> Double? {
    let others = cells[epsilon]?[victim]?.filter { $0.setting == .blackBox } ?? []
    guard !others.isEmpty else { return nil }
    return others.map(\.accuracy).reduce(0, +) / Double(others.count)
  }

  /// The source model whose examples give the other models the lowest mean accuracy.
  func strongestSource(_ epsilon: Double) -> String? {
    let others = cells[epsilon]?.values.flatMap { $0 }.filter { $0.setting == .blackBox } ?? []
    let bySource = Dictionary(grouping: others, by: \.source).mapValues { cells in
      cells.map(\.accuracy).reduce(0, +) / Double(cells.count)
    }
    return grid.sources.filter { bySource[$0] != nil }.min {
      (bySource[$0] ?? 1) < (bySource[$1] ?? 1)
    }
  }

  // MARK: As curves

  static let caption = """
    Left: each model on the examples made on itself (white-box). Middle: its lowest accuracy on the \
    examples of any one source model. Right: the mean over the other source models (black-box).
    """

  /// The three panels. Of a title's panel, `id` and its place make the identifier.
  func panels(id: String) -> [LineChart] {
    let parts: [(String, (String, Double) -> Double?)] = [
      ("Own examples (white-box)", { own($0, $1)?.accuracy }),
      ("Worst source model", { worst($0, $1)?.accuracy }),
      ("Mean over other source models", mean),
    ]
    return parts.enumerated().map { place, part in
      let series = grid.models.enumerated().compactMap { index, victim -> LineChart.Series? in
        let measurements = grid.epsilons(for: attack).compactMap { epsilon in
          part.1(victim, epsilon).map { accuracy in
            LineChart.Measurement(
              x: epsilon, proportion: accuracy, interval: accuracy...accuracy,
              note: "\(victim), \(grid.budgetLabel(attack, epsilon)): \(percent(accuracy))%")
          }
        }
        guard !measurements.isEmpty else { return nil }
        return .init(
          name: victim, style: Palette.style(index), isEmphasised: false,
          measurements: measurements)
      }
      return LineChart(
        id: "\(id)-overall-\(place)", title: part.0,
        description: "\(part.0): accuracy under \(attack) of \(listed(series.map(\.name))).",
        xTitle: grid.budgetAxis(attack), yTitle: "accuracy, %", series: series)
    }
  }
}
