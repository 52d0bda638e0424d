import Attacks
import Evaluation

/// A figure of worst cases, with a panel for each norm and a line for each model: the share of
/// images that the model classifies correctly under every attack that was tried, against the
/// budget.
struct WorstCaseCurves {
  let panels: [LineChart]

  /// - Parameters:
  ///   - cases: the worst cases of a grid.
  ///   - models: all models of the report, whose order decides each model's style.
  ///   - xTitle: the title of the axis of budgets.
  /// - Returns: nil if no norm has two budgets.
  init?(_ cases: [WorstCase], models: [String], xTitle: String = "budget") {
    panels = Norm.allCases.compactMap { norm in
      let here = cases.filter { $0.norm == norm.rawValue && $0.images > 0 }
      guard Set(here.map(\.epsilon)).count > 1 else { return nil }
      let series = models.enumerated().compactMap { index, model -> LineChart.Series? in
        let measurements = here.filter { $0.victim == model }.map { row in
          return LineChart.Measurement(
            x: row.epsilon, proportion: row.accuracy, interval: row.interval,
            note:
              "\(model), \(budgetText(row.epsilon)): \(percent(row.accuracy))% "
              + "(\(percent(row.interval)))")
        }
        guard !measurements.isEmpty else { return nil }
        return .init(
          name: model, style: Palette.style(index), isEmphasised: false, measurements: measurements)
      }
      let name = norm.symbol
      return LineChart(
        id: "worst-" + norm.rawValue, title: "Worst-case accuracy in \(name)",
        description: """
          Accuracy of \(listed(series.map(\.name))) under all attacks in \(name) together, against \
          the budget.
          """,
        xTitle: norm == .l0 ? "budget" : xTitle, yTitle: "accuracy, %", series: series)
    }
    if panels.isEmpty { return nil }
  }
}

extension Grid {
  /// The curves of the worst cases; nil if there are too few budgets.
  var worstCaseCurves: WorstCaseCurves? {
    WorstCaseCurves(
      worstCases, models: models,
      xTitle: "budget" + (unitSentence == nil ? "" : ", in the data's unit"))
  }
}

extension ReportPage {
  /// The section on the worst case; nil if there are too few budgets for a curve.
  var worstCases: Section? {
    guard let curves = grid.worstCaseCurves else { return nil }
    let caption = """
      An image counts as correct only if the model classifies it correctly unchanged and under every \
      attack within this budget or a smaller one, made on any of the models. Attacks that were not \
      tried may lower the accuracy further. worst.csv also has the numbers for white-box attacks \
      alone.
      """
    let scope = grid.worstCaseScope.map { Markup("li", [:], $0) }
    return Section(
      id: "worst", heading: "Worst-case accuracy",
      content: [
        figure(curves.panels, caption: caption, name: "worst-case", results: ["worst.csv"]),
        Markup("ul", ["class": "scope"], children: scope),
      ])
  }
}
