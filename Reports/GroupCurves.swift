import Evaluation

/// A figure of the accuracy in the worst group against the budget, with a panel for each attack and a
/// line for each model on the examples that were made on itself.
struct GroupCurves {
  let panels: [LineChart]

  /// - Returns: nil if the data have no groups, or if no attack has two budgets.
  init?(_ grid: Grid) {
    guard let groups = grid.groups else { return nil }
    panels = grid.attacks.enumerated().compactMap { number, attack in
      let here = groups.filter { $0.attack == attack && $0.setting == .whiteBox }
      guard Set(here.map(\.epsilon)).count > 1 else { return nil }
      let symbol = grid.budgetSymbol(attack)
      let series = grid.models.enumerated().compactMap { index, model -> LineChart.Series? in
        let cells = here.filter { $0.victim == model }.sorted { $0.epsilon < $1.epsilon }
        guard !cells.isEmpty else { return nil }
        return .init(
          name: model, style: Palette.style(index), isEmphasised: false,
          measurements: cells.map { cell in
            let worst = cell.accuracies.worst
            let interval = cell.accuracies.worstInterval
            return LineChart.Measurement(
              x: cell.epsilon, proportion: worst.accuracy, interval: interval,
              note: """
                \(model), \(grid.budgetLabel(attack, cell.epsilon)): \(percent(worst.accuracy))% in \
                group \(worst.name) (95% interval \(percent(interval))), \(worst.correct) of \
                \(worst.examples); mean over the groups \(percent(cell.accuracies.mean))%
                """)
          })
      }
      return LineChart(
        id: "groups-\(number)", title: "Worst group under \(attack)",
        description: """
          Accuracy of \(listed(series.map(\.name))) in the worst group on \(attack) examples made on \
          the same model, against the budget \(symbol).
          """,
        xTitle: grid.budgetAxis(attack), yTitle: "accuracy in the worst group, %", series: series)
    }
    if panels.isEmpty { return nil }
  }

  /// The largest number of groups that a panel shows; more lines could not be told apart.
  private static let mostLines = 16

  /// A panel for each attack and model, with a line for each group on the examples that were made on
  /// the model itself. Empty if the data have no groups or too many, or if no attack has two budgets.
  static func everyGroup(_ grid: Grid) -> [LineChart] {
    grid.attacks.enumerated().flatMap { number, attack in
      grid.models.enumerated().compactMap { index, model -> LineChart? in
        let cells = (grid.groups ?? []).filter {
          $0.attack == attack && $0.source == model && $0.victim == model
        }.sorted { $0.epsilon < $1.epsilon }
        let groups = cells.first?.accuracies.groups ?? []
        guard cells.count > 1, groups.count <= mostLines else { return nil }
        let symbol = grid.budgetSymbol(attack)
        let series = groups.enumerated().map { place, group in
          let measurements = cells.compactMap { cell in
            cell.accuracies.groups.first { $0.group == group.group }.map { found in
              LineChart.Measurement(
                x: cell.epsilon, proportion: found.accuracy, interval: found.interval,
                note: """
                  group \(found.name), \(symbol) = \(budgetText(cell.epsilon)): \
                  \(percent(found.accuracy))% (95% interval \(percent(found.interval))), \
                  \(found.correct) of \(found.examples)
                  """)
            }
          }
          return LineChart.Series(
            name: group.name, style: Palette.style(place), isEmphasised: false,
            measurements: measurements)
        }
        return LineChart(
          id: "every-group-\(number)-\(index)", title: "\(model) under \(attack)",
          description: """
            Accuracy of \(model) in every group on \(attack) examples made on itself, against the \
            budget \(symbol).
            """,
          xTitle: grid.budgetAxis(attack), yTitle: "accuracy in each group, %", series: series)
      }
    }
  }
}
