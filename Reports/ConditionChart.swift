import Evaluation
import HumanStudy
import Support

/// What people answered in a study, by condition: a panel for each measure, and in it a row for each
/// condition with the share of answers and its interval.
///
/// The interval is that of the bootstrap over participants and images where there is one, and
/// otherwise Wilson's.
struct ConditionChart {
  private struct Row {
    let name: String
    let share: StudyResults.Share
    var interval: [Double] { share.bootstrap ?? share.wilson }
  }

  private let panels: [(title: String, rows: [Row])]

  /// - Returns: nil without conditions.
  init?(_ study: StudyResults, _ grid: Grid) {
    guard !study.conditions.isEmpty else { return nil }
    let measures: [(String, KeyPath<StudyResults.ConditionResult, StudyResults.Share>)] = [
      ("Human fooled", \.fooled), ("Mistake reasonable", \.reasonable),
      ("Named the original", \.original),
    ]
    panels = measures.map { title, measure in
      (
        title,
        study.conditions.map { result in
          Row(name: grid.name(of: result.condition), share: result[keyPath: measure])
        }
      )
    }
  }

  static let caption = """
    The share of answers for which each measure holds. The lines are 95% intervals of the bootstrap \
    over participants and images, or Wilson's where the bootstrap has none.
    """

  private static let row = 34.0
  private static let edge = 14.0

  private var size: SVG.Size {
    SVG.Size(
      width: LineChart.size.width, height: 34 + Double(panels[0].rows.count) * Self.row + 40)
  }

  var pictures: [Markup] { panels.indices.map { picture($0) } }

  private func picture(_ number: Int, at corner: SVG.Point? = nil) -> Markup {
    let (title, rows) = panels[number]
    let heading = SVG.text(title, at: .init(x: 4, y: 16), size: 13.5, isBold: true)
    let sentences = rows.map(sentence)
    return SVG.picture(
      id: "study-\(number)", size: size, at: corner, title: title,
      description: sentences.joined(separator: " "),
      content: [heading] + axis + rows.enumerated().flatMap { drawn($0, $1, sentences[$0]) })
  }

  private func sentence(_ row: Row) -> String {
    let interval = row.interval[0]...max(row.interval[0], row.interval[1])
    return "\(row.name): \(percent(row.share.share))% (\(percent(interval))), "
      + "\(row.share.count) of \(row.share.of) answers."
  }

  private func x(_ share: Double) -> Double { Self.edge + share * (size.width - 2 * Self.edge) }

  private var axis: [Markup] {
    let bottom = 34 + Double(panels[0].rows.count) * Self.row + 4
    return (0...5).flatMap { fifth -> [Markup] in
      let x = x(Double(fifth) / 5)
      return [
        SVG.line(from: .init(x: x, y: 28), to: .init(x: x, y: bottom), opacity: 0.14),
        SVG.text(
          "\(20 * fifth)", at: .init(x: x, y: bottom + 14), anchor: "middle", size: 11,
          isMuted: true),
      ]
    } + [
      SVG.text(
        "share of answers, %", at: .init(x: size.width / 2, y: bottom + 30), anchor: "middle",
        size: 11, isMuted: true)
    ]
  }

  private func drawn(_ number: Int, _ row: Row, _ sentence: String) -> [Markup] {
    let y = 34 + Double(number) * Self.row + 26
    let style = Palette.style(0)
    return [
      SVG.text(row.name, at: .init(x: Self.edge, y: y - 10), size: 11),
      Markup(
        "g", ["class": style.className, "color": style.color, "fill": "currentColor"],
        Markup("title", [:], sentence),
        Markup(
          "path",
          [
            "d": "M\(hundredths(x(row.interval[0]))) \(hundredths(y))"
              + "H\(hundredths(x(row.interval[1])))", "stroke": "currentColor",
            "stroke-width": 2.2,
          ]), Markup("circle", ["cx": x(row.share.share), "cy": y, "r": 4.5])),
    ]
  }

  /// The figure as files. Its data have a line for each condition and measure.
  var figure: ChartFigure {
    var table = CSV(header: "panel,condition,answers,share,low,high")
    for panel in panels {
      for row in panel.rows {
        table.append(
          [panel.title, row.name, "\(row.share.of)"]
            + [row.share.share, row.interval[0], row.interval[1]].map {
              $0.roundedToMillionths.plainDecimal
            })
      }
    }
    let title = "What people see"
    return ChartFigure(
      title: title, description: Self.caption,
      panels: panels.indices.map { number in { self.picture(number, at: $0) } }, size: size,
      csv: table.text,
      vegaLite: { file in
        .intervals(
          title: title, data: file, panel: .init("panel", ""), row: .init("condition", "condition"),
          value: .init("share", "share of answers"), low: "low", high: "high")
      })
  }
}

extension Grid {
  /// A condition of a study as the page names it: the model, the attack and what the budget means.
  func name(of condition: Condition) -> String {
    "\(condition.source), \(heading(condition.attack, condition.epsilon))"
  }
}
