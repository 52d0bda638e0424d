import Evaluation

/// A transfer matrix as a picture, for figures; the page shows the same numbers as a table.
///
/// It has a row for each source model, on which the examples were made, and a column for each
/// victim, to which they were shown. Each cell has its accuracy in percent and is darker the more
/// accurate the victim is. White-box cells have a frame. The picture has the form of figure 23 of
/// A. Ross, "Training Machine Learning Models by Regularizing their Explanations" (2018).
struct HeatMap {
  let table: GridTable
  let id: String

  private static let cell = SVG.Size(width: 62, height: 36)
  private static let letterWidth = 6.6

  private var left: Double {
    16 + Double(table.sources.map(\.count).max() ?? 0) * Self.letterWidth
  }

  /// Names that are too long for a column stand upright.
  private var isUpright: Bool { table.victims.contains { $0.count > 9 } }

  private var top: Double {
    isUpright ? 54 + Double(table.victims.map(\.count).max() ?? 0) * Self.letterWidth : 62
  }

  var size: SVG.Size {
    SVG.Size(
      width: max(
        270, 12 + Double(table.title.count) * 7.6,
        left + Double(table.victims.count) * Self.cell.width + 10),
      height: top + Double(table.sources.count) * Self.cell.height + 10)
  }

  func picture(at corner: SVG.Point? = nil) -> Markup {
    let heading = [
      SVG.text(table.title, at: .init(x: 4, y: 16), size: 13.5, isBold: true),
      SVG.text(
        "accuracy, %; rows: source models, columns: target models", at: .init(x: 4, y: 34),
        size: 10.5,
        isMuted: true),
    ]
    let columns = table.victims.enumerated().map { index, name -> Markup in
      let middle = x(index) + Self.cell.width / 2
      guard isUpright else {
        return SVG.text(name, at: .init(x: middle, y: top - 8), anchor: "middle", size: 10.5)
      }
      return Markup(
        "g",
        ["transform": "translate(\(hundredths(middle + 4)) \(hundredths(top - 6))) rotate(-90)"],
        SVG.text(name, at: .init(x: 0, y: 0), size: 10.5))
    }
    let rows = table.sources.enumerated().flatMap { row, source -> [Markup] in
      let label = SVG.text(
        source,
        at: .init(x: left - 8, y: y(row) + Self.cell.height / 2 + 4),
        anchor: "end",
        size: 10.5)
      return [label]
        + table.victims.enumerated().compactMap { column, victim in
          square(row, column, source, victim)
        }
    }
    return SVG.picture(
      id: id, size: size, at: corner, title: table.title,
      description: "The accuracy of every model on the examples made on every model.",
      content: heading + columns + rows)
  }

  private func x(_ column: Int) -> Double { left + Double(column) * Self.cell.width }
  private func y(_ row: Int) -> Double { top + Double(row) * Self.cell.height }

  private func square(_ row: Int, _ column: Int, _ source: String, _ victim: String) -> Markup? {
    guard let cell = table.cell(source, victim) else { return nil }
    let isOwn = cell.setting == .whiteBox
    let place = SVG.Point(x: x(column) + 1.5, y: y(row) + 1.5)
    // From white to dark blue, so that a darker cell is more accurate in a grey print too.
    let share = cell.accuracy
    let color =
      "rgb(\(Int(247 - 239 * share)), \(Int(251 - 203 * share)), \(Int(255 - 148 * share)))"
    let note = """
      \(source) to \(victim): \(percent(share))% (95% interval \(percent(cell.interval))), \
      \(cell.correct) of \(cell.examples)
      """
    return Markup(
      "g", [:], Markup("title", [:], note),
      Markup(
        "rect",
        [
          "x": place.x, "y": place.y, "width": Self.cell.width - 3, "height": Self.cell.height - 3,
          "fill": color,
          "stroke": isOwn ? "#1c2126" : "#c8ced6", "stroke-width": isOwn ? 2.2 : 0.8,
        ]),
      Markup(
        "g", ["color": share > 0.5 ? "#ffffff" : "#1c2126", "fill": "currentColor"],
        SVG.text(
          percent(share),
          at: .init(x: x(column) + Self.cell.width / 2, y: y(row) + Self.cell.height / 2 + 4),
          anchor: "middle", size: 12, isBold: isOwn)))
  }
}

extension ChartFigure {
  /// An attack's transfer matrices, a panel for each budget above 0.
  init?(matricesOf attack: String, in grid: Grid) {
    let budgets = grid.positiveBudgets(for: attack)
    let maps = budgets.enumerated().map { index, epsilon in
      HeatMap(table: GridTable(grid: grid, attack: attack, epsilon: epsilon), id: "matrix-\(index)")
    }
    guard let size = maps.first?.size else { return nil }
    let cells = grid.cells.filter { $0.attack == attack && $0.epsilon > 0 }
    self.init(
      title: "Transfer matrices of \(attack)",
      description: "One panel for each budget. A frame marks white-box cells.",
      panels: maps.map { map in { map.picture(at: $0) } }, size: size,
      csv: Grid(cells: cells, provenance: grid.provenance).csv(),
      vegaLite: { file in
        .matrix(
          title: "Transfer matrices of \(attack)", data: file, panel: .init("epsilon", "budget"),
          row: .init("source", "source model"), column: .init("victim", "target model"),
          value: .init("accuracy", "accuracy"))
      })
  }
}
