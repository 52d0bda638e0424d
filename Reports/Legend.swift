/// The names of a figure's series beside samples of their lines. It lists the series in the order of
/// the models, and never shortens a name.
///
/// Charts with few series and short names have the names at the ends of their lines instead.
struct Legend {
  let entries: [(name: String, style: SeriesStyle)]

  /// The legend of the charts that do not name their series themselves; nil if all of them do.
  init?(_ charts: [LineChart]) {
    let unnamed = charts.filter { !$0.namesItsSeries }.flatMap(\.series)
    guard !unnamed.isEmpty else { return nil }
    var seen: Set<String> = []
    entries = unnamed.filter { seen.insert($0.name).inserted }
      .map { ($0.name, $0.style) }.sorted { $0.style.index < $1.style.index }
  }

  private static let sample = SVG.Size(width: 30, height: 14)

  /// The legend as a list in HTML.
  var html: Markup {
    let items = entries.map { entry in
      Markup(
        "li", [:],
        Markup(
          "svg",
          [
            "aria-hidden": "true", "width": Self.sample.width, "height": Self.sample.height,
            "viewBox": "0 0 30 14",
          ], drawn(entry.style, at: .init(x: 0, y: 7))), entry.name)
    }
    return Markup("ul", ["class": "legend", "aria-label": "Legend"], children: items)
  }

  private func drawn(_ style: SeriesStyle, at place: SVG.Point) -> Markup {
    Markup(
      "g", ["class": style.className, "color": style.color, "fill": "currentColor"],
      Markup(
        "path",
        [
          "d": "M\(hundredths(place.x)) \(hundredths(place.y))h30", "stroke": "currentColor",
          "stroke-width": 1.8, "stroke-dasharray": style.dashes,
        ]), style.marker.drawn(at: .init(x: place.x + 15, y: place.y), isFilled: false))
  }

  // MARK: In a picture

  private static let rowHeight = 20.0

  /// The columns that fit beside each other into a width, and the width of each.
  private func columns(_ width: Double) -> (count: Int, width: Double) {
    let longest = Double(entries.map(\.name.count).max() ?? 0)
    let needed = 46 + longest * LineChart.letterWidth
    let count = max(1, Int(width / needed))
    return (count, width / Double(count))
  }

  /// The height that the legend needs in a picture of a width.
  func height(width: Double) -> Double {
    let count = columns(width).count
    return Double((entries.count + count - 1) / count) * Self.rowHeight + 8
  }

  /// The legend in a picture, with its upper left corner at a place.
  func drawn(at corner: SVG.Point, width: Double) -> [Markup] {
    let columns = columns(width)
    return entries.enumerated().flatMap { number, entry -> [Markup] in
      let place = SVG.Point(
        x: corner.x + Double(number % columns.count) * columns.width,
        y: corner.y + Double(number / columns.count) * Self.rowHeight + 10)
      return [
        drawn(entry.style, at: place),
        SVG.text(entry.name, at: .init(x: place.x + 38, y: place.y + 4), size: 11.5),
      ]
    }
  }
}
