import Attacks
import Evaluation

/// What every model still has right under everything that was tried on it, against the budget: a
/// panel for each norm.
struct WorstCaseCurves {
  let panels: [LineChart]

  /// - Returns: nil if no norm has two budgets.
  init?(_ cases: [WorstCase], models: [String]) {
    panels = Norm.allCases.compactMap { norm in
      let here = cases.filter { $0.norm == norm.rawValue && $0.images > 0 }
      guard Set(here.map(\.epsilon)).count > 1 else { return nil }
      let series = models.enumerated().compactMap { index, model -> LineChart.Series? in
        let measurements = here.filter { $0.victim == model }.map { row in
          let share = Double(row.rightUnderAll) / Double(row.images)
          return LineChart.Measurement(
            x: row.epsilon, proportion: share, interval: row.interval,
            note:
              "\(model), \(budgetText(row.epsilon)): \(percent(share))% (\(percent(row.interval)))")
        }
        guard !measurements.isEmpty else { return nil }
        return .init(
          name: model, style: Palette.style(index), isEmphasised: false, measurements: measurements)
      }
      let name = norm.symbol
      return LineChart(
        id: "worst-" + norm.rawValue, title: "Worst case in \(name)",
        description:
          "Accuracy under all attacks in \(name) together, against the budget, of \(listed(series.map(\.name))).",
        xTitle: "budget", yTitle: "accuracy, %", series: series)
    }
    if panels.isEmpty { return nil }
  }
}

extension Norm {
  /// As it is written: ℓ∞, ℓ2.
  var symbol: String { rawValue.replacing("linf", with: "ℓ∞").replacing("l", with: "ℓ") }
}

extension ReportPage {
  /// What stands under everything; nil if there is too little for a curve.
  var worstCases: Section? {
    guard let curves = WorstCaseCurves(grid.worstCases, models: grid.models) else { return nil }
    let tried = grid.worstCases.map(\.attacks).max { $0.count < $1.count } ?? []
    let figure = curves.panels.figure(
      caption:
        "An image counts as right if the model has it right under \(listed(tried)), made on each of the models within the budget. "
        + "What was not tried may do worse. Numbers, also for attacks on the model itself alone: worst.csv."
    )
    return Section(id: "worst", heading: "What is left under everything tried", content: [figure])
  }
}
