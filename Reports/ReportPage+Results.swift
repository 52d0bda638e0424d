import Evaluation
import Foundation

extension ReportPage {
  /// The section of accuracy curves, a figure for each attack; nil if no attack has two budgets.
  var curves: Section? {
    let figures = grid.attacks.compactMap { AccuracyCurves(grid: grid, attack: $0) }
    guard !figures.isEmpty else { return nil }
    let parts = figures.map { figure in
      Markup(
        "figure", [:], attackHeading(figure.attack),
        Markup("div", ["class": "panels"], children: figure.panels.map { $0.picture() }),
        Markup("figcaption", [:], AccuracyCurves.caption))
    }
    return Section(id: "curves", heading: "Accuracy against the budget", content: parts)
  }

  /// The section of transfer matrices. Each attack's matrix within its middle budget is visible;
  /// the others are folded.
  var matrices: Section? {
    let parts = grid.attacks.flatMap { attack -> [Markup] in
      guard let middle = grid.middleBudget(for: attack) ?? grid.epsilons(for: attack).first else {
        return []
      }
      let table = GridTable(grid: grid, attack: attack, epsilon: middle).html()
      let others = grid.positiveBudgets(for: attack).filter { $0 != middle }
      guard !others.isEmpty else { return [attackHeading(attack), table] }
      let list = others.map(budgetText).joined(separator: ", ")
      let summary = Markup("summary", [:], "Other budgets: \(grid.budgetSymbol(attack)) = \(list)")
      let folded = others.map { GridTable(grid: grid, attack: attack, epsilon: $0).html() }
      return [attackHeading(attack), table, Markup("details", [:], children: [summary] + folded)]
    }
    guard !parts.isEmpty else { return nil }
    let explanation = """
      Each row is a source model, on which the examples were made. Each column is a target model, \
      to which they were shown.
      """
    return Section(
      id: "matrices", heading: "Transfer matrices",
      content: [Markup("p", [:], explanation)] + parts)
  }

  /// The section of image sheets; nil if there are none. The first sheet of each group is visible;
  /// the others are folded.
  var images: Section? {
    guard !sheets.isEmpty else { return nil }
    let groups = sheets.reduce(into: [[ImageSheet]]()) { groups, sheet in
      if groups.last?.last?.group == sheet.group, !sheet.group.isEmpty {
        groups[groups.count - 1].append(sheet)
      } else {
        groups.append([sheet])
      }
    }
    let content = groups.flatMap { group -> [Markup] in
      guard group.count > 1 else { return group.map(\.figure) }
      let summary = Markup(
        "summary", [:], "More: " + group.dropFirst().map(\.title).joined(separator: "; "))
      return [
        group[0].figure,
        Markup("details", [:], children: [summary] + group.dropFirst().map(\.figure)),
      ]
    }
    return Section(id: "images", heading: "Adversarial examples", content: content)
  }

  private func attackHeading(_ attack: String) -> Markup {
    guard let record = grid.provenance.attack(attack) else { return Markup("h3", [:], attack) }
    return Markup("h3", [:], attack, Markup("span", ["class": "aside"], " " + record.title))
  }
}

extension ImageSheet {
  /// The sheet with its title and caption.
  var figure: Markup {
    // Each pixel becomes a whole number of screen pixels, so that it stays square and sharp.
    let scale = min(largestScale, max(1, 900 / max(1, width)))
    return Markup(
      "figure", ["class": "sheet"], Markup("h3", [:], title),
      Markup(
        "img",
        [
          "src": "data:image/png;base64," + png.base64EncodedString(), "alt": alt,
          "width": width * scale,
          "height": height * scale,
        ]),
      Markup("figcaption", [:], caption))
  }
}
