import Evaluation

/// An UpSet plot of the examples that fool several models: a column for each set of models that
/// examples fool, with the number of these examples above and a disc for each model of the set.
///
/// It shows any number of models, of which a Venn diagram shows three. Source: A. Lex et al.,
/// "UpSet: Visualization of Intersecting Sets" (2014).
struct UpSetPlot {
  let id: String
  let title: String
  /// All models, in the order of the rows.
  let models: [String]
  /// The examples: those of one source model, or of several together.
  let overlaps: [Overlap]

  /// The largest number of sets that are shown, the most frequent first.
  static let mostSets = 12
  private static let row = 15.0
  private static let barTop = 44.0
  private static let barHeight = 84.0

  private var left: Double {
    14 + Double(models.map(\.count).max() ?? 0) * 6.3
  }

  private var matrixTop: Double { Self.barTop + Self.barHeight + 16 }

  var size: SVG.Size {
    SVG.Size(
      width: max(370, left + Double(Self.mostSets) * 17 + 12),
      height: matrixTop + Double(models.count) * Self.row + 26)
  }

  /// How many examples fool exactly each set of models, the most frequent first. Examples that fool
  /// no model are not among them.
  var sets: [(members: Set<String>, examples: Int)] {
    var counts: [Set<String>: Int] = [:]
    for part in overlaps.flatMap(\.parts) {
      counts[Set(part.fooled).intersection(models), default: 0] += part.examples
    }
    func order(_ members: Set<String>) -> String {
      models.map { members.contains($0) ? "0" : "1" }.joined()
    }
    return counts.filter { !$0.key.isEmpty }.map { ($0.key, $0.value) }
      .sorted { ($1.1, order($0.0)) < ($0.1, order($1.0)) }
      .map { (members: $0.0, examples: $0.1) }
  }

  private var examples: Int { overlaps.map(\.examples).reduce(0, +) }

  func picture(at corner: SVG.Point? = nil) -> Markup {
    let sets = sets
    let shown = Array(sets.prefix(Self.mostSets))
    let rest = sets.dropFirst(Self.mostSets)
    let none = examples - sets.map(\.examples).reduce(0, +)
    let others =
      rest.isEmpty
      ? "" : "; \(counted(rest.count, "other set")): \(rest.map(\.examples).reduce(0, +))"
    let note = "fooling no model: \(none)\(others)"
    let sentences = shown.prefix(5).map { set in
      "\(counted(set.examples, "example")) fooled exactly \(names(set.members))."
    }
    let heading = [
      SVG.text(
        LineChart.shortened(title, to: 46), at: .init(x: 4, y: 16), size: 13.5, isBold: true),
      SVG.text(
        "examples that fool exactly the marked models", at: .init(x: 4, y: 33), size: 11,
        isMuted: true),
      SVG.text(note, at: .init(x: 4, y: size.height - 8), size: 11, isMuted: true),
    ]
    let labels = models.enumerated().map { row, name in
      SVG.text(name, at: .init(x: left - 8, y: y(row) + 4), anchor: "end", size: 11)
    }
    return SVG.picture(
      id: id, size: size, at: corner, title: title,
      description: sentences.joined(separator: " ") + " " + note + ".",
      content: heading + labels + [dots(shown)] + bars(shown))
  }

  private func names(_ members: Set<String>) -> String {
    members.count == models.count && members.count > 2
      ? "all \(members.count) models" : listed(models.filter(members.contains))
  }

  private func x(_ column: Int, of count: Int) -> Double {
    let room = (size.width - left - 10) / Double(Self.mostSets)
    return left + (Double(column) + 0.5) * min(room, 26)
  }

  private func y(_ row: Int) -> Double { matrixTop + (Double(row) + 0.5) * Self.row }

  /// The discs of all columns: pale ones for all models, dark ones for the members of the sets, and
  /// a line that joins these.
  private func dots(_ sets: [(members: Set<String>, examples: Int)]) -> Markup {
    var pale = ""
    var dark = ""
    var lines = ""
    for (column, set) in sets.enumerated() {
      let x = hundredths(x(column, of: sets.count))
      let rows = models.indices.filter { set.members.contains(models[$0]) }
      for row in models.indices {
        // A line of no length with round ends is a disc.
        let disc = "M\(x) \(hundredths(y(row)))h0"
        if rows.contains(row) { dark += disc } else { pale += disc }
      }
      if let first = rows.first, let last = rows.last, first < last {
        lines += "M\(x) \(hundredths(y(first)))V\(hundredths(y(last)))"
      }
    }
    func path(_ d: String, width: Double, opacity: Double?) -> Markup {
      Markup(
        "path",
        [
          "d": d, "fill": "none", "stroke": "currentColor", "stroke-linecap": "round",
          "stroke-width": width, "stroke-opacity": opacity,
        ])
    }
    return Markup(
      "g", [:], path(pale, width: 8, opacity: 0.14), path(lines, width: 1.6, opacity: nil),
      path(dark, width: 8, opacity: nil))
  }

  private func bars(_ sets: [(members: Set<String>, examples: Int)]) -> [Markup] {
    let most = Double(max(1, sets.first?.examples ?? 1))
    return sets.enumerated().map { column, set in
      let height = (Self.barHeight - 14) * Double(set.examples) / most
      let middle = x(column, of: sets.count)
      let bottom = Self.barTop + Self.barHeight
      return Markup(
        "g", [:],
        Markup(
          "title", [:],
          "\(counted(set.examples, "example")) fooled exactly \(names(set.members))."),
        Markup(
          "rect",
          [
            "x": middle - 5, "y": bottom - height, "width": 10, "height": max(0.6, height),
            "fill-opacity": "0.72",
          ]),
        SVG.text(
          "\(set.examples)", at: .init(x: middle, y: bottom - height - 4), anchor: "middle",
          size: 9))
    }
  }
}
