import Evaluation
import Foundation

extension ReportPage {
  /// The section of accuracy curves, a figure for each attack; nil if no attack has two budgets.
  var curves: Section? {
    let figures = grid.attacks.compactMap { AccuracyCurves(grid: grid, attack: $0) }
    guard !figures.isEmpty else { return nil }
    let parts = figures.enumerated().map { number, curves -> Markup in
      guard !curves.overall.isEmpty else {
        return figure(
          curves.panels, heading: attackHeading(curves.attack), caption: AccuracyCurves.caption,
          name: curves.attack)
      }
      let sources = [
        Markup("div", ["class": "panels"], children: curves.panels.map { $0.picture() }),
        Markup("p", ["class": "note"], AccuracyCurves.caption),
      ]
      return part(
        number, curves.attack,
        [
          figure(curves.overall, caption: SourceSummary.caption, name: curves.attack),
          folded("All \(curves.panels.count) source models", sources),
        ])
    }
    return Section(id: "curves", heading: "Accuracy against the budget", content: parts)
  }

  /// The section of transfer matrices. Each attack's matrix within its middle budget is visible;
  /// the others are folded. With many models, rows over all source models are visible, and the
  /// other budgets are files.
  var matrices: Section? {
    let parts = grid.attacks.enumerated().flatMap { number, attack -> [Markup] in
      guard let middle = grid.middleBudget(for: attack) ?? grid.epsilons(for: attack).first else {
        return []
      }
      let table = GridTable(grid: grid, attack: attack, epsilon: middle)
      let positive = grid.positiveBudgets(for: attack)
      let files = links(to: positive.isEmpty ? nil : "matrix-" + attack, results: ["grid.csv"])
      if grid.isLarge {
        let all = folded("All \(table.sources.count) source models", [table.html()])
        return [part(number, attack, [table.summaryHTML(), all] + files)]
      }
      let others = positive.filter { $0 != middle }
      let rest =
        others.isEmpty
        ? []
        : [
          folded(
            "Other budgets: \(grid.budgetLabel(attack, others))",
            others.map { GridTable(grid: grid, attack: attack, epsilon: $0).html() })
        ]
      return [attackHeading(attack), table.html()] + rest + files
    }
    guard !parts.isEmpty else { return nil }
    let explanation = """
      Each row is a source model, on which the examples were made. Each column is a target model, \
      to which they were shown.
      """
    let rest = """
       The tables show the middle budget of each attack. The SVG below each table has the matrices of \
      all budgets, and grid.csv has their numbers.
      """
    return Section(
      id: "matrices", heading: "Transfer matrices",
      content: [Markup("p", [:], explanation + (grid.isLarge ? rest : ""))] + parts)
  }

  /// The part of a section about one attack, in a page with many models: that of the first attack is
  /// visible, and the others are folded.
  private func part(_ number: Int, _ attack: String, _ content: [Markup]) -> Markup {
    guard number > 0 else {
      return Markup("div", ["class": "part"], children: [attackHeading(attack)] + content)
    }
    let title = grid.provenance.attack(attack).map { ": " + $0.title } ?? ""
    return Markup(
      "details", ["class": "attack"],
      children: [Markup("summary", [:], Markup("b", [:], attack), title)] + content)
  }

  func attackHeading(_ attack: String) -> Markup {
    guard let record = grid.provenance.attack(attack) else { return Markup("h3", [:], attack) }
    return Markup("h3", [:], attack, Markup("span", ["class": "aside"], " " + record.title))
  }
}
