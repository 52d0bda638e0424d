import Evaluation
import Support

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
                \(model), \(symbol) = \(budgetText(cell.epsilon)): \(percent(worst.accuracy))% in \
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
}

extension ReportPage {
  /// The section on accuracies by group; nil if the data have no groups.
  var byGroup: Section? {
    let tables = grid.groupTables
    guard !tables.isEmpty else { return nil }
    let figure = GroupCurves(grid)?.panels.figure(
      caption: """
        The accuracy of each model in its worst group, on examples that were made on itself. Shaded \
        areas are 95% intervals of the lowest true accuracy of all groups. Every group, also for \
        examples made on other models, is in groups.csv.
        """)
    let explanation = """
      Accuracy in % and its 95% interval. The mean over groups counts each group the same, however \
      many images it has. The interval of a group is Wilson's, for this group alone. \
      \(GroupAccuracies.worstIntervalNote)
      """
    let shown = tables.flatMap {
      [Markup("h3", [:], $0.title), table($0.title, header: $0.header, $0.rows)]
    }
    return Section(
      id: "groups", heading: "By group",
      content: [figure, Markup("p", [:], explanation)].compactMap { $0 } + shown + groupRepeats)
  }

  /// The table of repetitions from other seeds; empty if there are none.
  private var groupRepeats: [Markup] {
    guard let repeats = grid.groupRepeats, let first = repeats.first else { return [] }
    let title = "Over \(counted(first.means.count, "repetition")) from different seeds"
    func row(_ attack: String, _ epsilon: Double, _ name: String) -> [[String]] {
      [("mean over groups", \RepeatedGroups.means), ("worst group", \RepeatedGroups.worsts)].map {
        measure, values in
        [name, measure]
          + grid.models.map { model in
            repeats.first {
              $0.attack == attack && $0.epsilon == epsilon && $0.source == model
                && $0.victim == model
            }.map {
              let spread = Spread($0[keyPath: values])
              return "\(percent(spread.mean)) ± \(percent(spread.standardDeviation))"
            } ?? ""
          }
      }
    }
    let clean = grid.attacks.first { grid.epsilons(for: $0).contains(0) }.map {
      row($0, 0, "Unchanged images")
    }
    let attacked = grid.attacks.flatMap { attack in
      grid.middleBudget(for: attack).map { row(attack, $0, grid.heading(attack, $0)) } ?? []
    }
    let header = ["Examples", "Measure"] + grid.models
    return [
      Markup("h3", [:], title), table(title, header: header, (clean ?? []) + attacked),
      Markup(
        "p", [:], "The mean ± the standard deviation, in %. All budgets are in group-repeats.csv."),
    ]
  }
}
