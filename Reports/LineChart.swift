import Evaluation

/// A line chart. Each series has a line with markers, a band for its intervals, and its name at the
/// end of the line. A marker shows its numbers when a pointer is over it.
///
/// A chart with many series or with long names does not name them; its figure has a `Legend`. With
/// many series the bands and most markers are left out, since they would cover each other.
///
/// Heights are proportions from 0 to 1. The vertical axis shows them in percent unless `top` says
/// otherwise.
struct LineChart {
  struct Measurement {
    let x: Double
    let proportion: Double
    let interval: ClosedRange<Double>
    /// The numbers in words, shown when a pointer is over the marker.
    let note: String
  }

  struct Series {
    let name: String
    let style: SeriesStyle
    /// Whether the line is thick, its markers are filled and its name is bold.
    let isEmphasised: Bool
    let measurements: [Measurement]
  }

  /// An identifier that no other picture on the page has.
  let id: String
  let title: String
  let description: String
  let xTitle: String
  let yTitle: String
  let series: [Series]
  /// The label of a place on the horizontal axis.
  let xLabel: @Sendable (Double) -> String
  /// The label of the top of the vertical axis, which stands for the proportion 1.
  let top: Double
  /// The range of the horizontal axis. It is found once, since every point is placed with it.
  private let xRange: ClosedRange<Double>

  init(
    id: String, title: String, description: String, xTitle: String, yTitle: String,
    series: [Series], xLabel: @escaping @Sendable (Double) -> String = budgetText,
    top: Double = 100
  ) {
    self.id = id
    self.title = title
    self.description = description
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.series = series
    self.xLabel = xLabel
    self.top = top
    let all = series.flatMap { $0.measurements.map(\.x) }
    let (low, high) = (all.min() ?? 0, all.max() ?? 1)
    xRange = low < high ? low...high : low...(low + 1)
  }

  /// The size of a chart: wide enough to read on a phone, narrow enough for three in a row.
  static let size = SVG.Size(width: 370, height: 264)

  func picture(at corner: SVG.Point? = nil) -> Markup {
    // Emphasised series are drawn last, on top of the others.
    let ordered = series.filter { !$0.isEmphasised } + series.filter(\.isEmphasised)
    let bands = isDense ? ordered.filter(\.isEmphasised) : ordered
    let content: [any MarkupContent] =
      heading + gridLines + bands.map(band) + ordered.map(line)
      + (namesItsSeries ? endLabels : [])
    return SVG.picture(
      id: id, size: Self.size, at: corner, title: title, description: description, content: content)
  }

  // MARK: Layout

  private var plotLeft: Double { 34 }
  private var plotTop: Double { 50 }
  private var plotBottom: Double { Self.size.height - 38 }

  /// The largest number of series that a chart names at the ends of their lines, and the largest
  /// number of letters of such a name.
  private static let mostNamed = 8
  private static let longestNamed = 16

  /// Whether the names stand at the ends of the lines.
  var namesItsSeries: Bool {
    !isDense && series.allSatisfy { $0.name.count <= Self.longestNamed }
  }

  private var isDense: Bool { series.count > Self.mostNamed }

  /// The names on the right get the room that the longest needs.
  private var plotRight: Double {
    guard namesItsSeries else { return Self.size.width - 14 }
    let longest = series.map { $0.name.count }.max() ?? 0
    return Self.size.width - 28 - Double(longest) * Self.letterWidth
  }

  /// The assumed width of a letter in a label. The reader's font is unknown, so it is generous.
  static let letterWidth = 7.0

  /// The width of a digit in a tick's label, which hardly differs between fonts.
  private static let digitWidth = 6.2

  private func place(_ x: Double, _ proportion: Double) -> SVG.Point {
    let inset = 6.0
    let across = (x - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
    return SVG.Point(
      x: plotLeft + inset + across * (plotRight - plotLeft - 2 * inset),
      y: plotBottom - proportion * (plotBottom - plotTop))
  }

  // MARK: Parts

  private var heading: [Markup] {
    [
      SVG.text(Self.shortened(title, to: 46), at: .init(x: 4, y: 16), size: 13.5, isBold: true),
      SVG.text(yTitle, at: .init(x: 4, y: 36), size: 11, isMuted: true),
    ]
  }

  private var gridLines: [Markup] {
    var parts: [Markup] = []
    for fifth in 0...5 {
      let y = place(xRange.lowerBound, Double(fifth) / 5).y
      let label = budgetText(top * Double(fifth) / 5)
      parts.append(
        SVG.line(
          from: .init(x: plotLeft, y: y), to: .init(x: plotRight, y: y),
          opacity: fifth == 0 ? 0.6 : 0.14))
      parts.append(
        SVG.text(
          label, at: .init(x: plotLeft - 6, y: y + 4), anchor: "end", size: 11, isMuted: true))
    }
    var freeFrom = -Double.infinity
    for x in Set(series.flatMap(\.measurements).map(\.x)).sorted() {
      let tick = place(x, 0)
      parts.append(SVG.line(from: tick, to: .init(x: tick.x, y: tick.y + 4), opacity: 0.6))
      let label = xLabel(x)
      let halfWidth = Double(label.count) * Self.digitWidth / 2
      // A label that would touch the one before it is omitted; its tick remains.
      guard !label.isEmpty, tick.x - halfWidth >= freeFrom else { continue }
      freeFrom = tick.x + halfWidth + 4
      parts.append(
        SVG.text(
          label, at: .init(x: tick.x, y: tick.y + 17), anchor: "middle", size: 11, isMuted: true))
    }
    let middle = (plotLeft + plotRight) / 2
    parts.append(
      SVG.text(
        xTitle, at: .init(x: middle, y: plotBottom + 33), anchor: "middle", size: 11, isMuted: true)
    )
    return parts
  }

  private func band(_ series: Series) -> Markup {
    let upper = series.measurements.map { place($0.x, $0.interval.upperBound) }
    let lower = series.measurements.map { place($0.x, $0.interval.lowerBound) }
    return Markup(
      "g", group(series),
      Markup(
        "polygon",
        [
          "points": SVG.points(upper + lower.reversed()),
          "fill-opacity": series.isEmphasised ? "0.16" : "0.09",
        ]))
  }

  private func line(_ series: Series) -> Markup {
    let places = series.measurements.map { place($0.x, $0.proportion) }
    let line = Markup(
      "polyline",
      [
        "points": SVG.points(places), "fill": "none", "stroke": "currentColor",
        "stroke-width": series.isEmphasised ? 3.0 : 1.6,
        "stroke-dasharray": series.isEmphasised ? series.style.heavyDashes : series.style.dashes,
        "stroke-linejoin": "round",
      ])
    if isDense {
      let title = Markup("title", [:], series.name)
      let markers = places.suffix(1).map {
        series.style.marker.drawn(at: $0, isFilled: series.isEmphasised)
      }
      return Markup("g", group(series), children: [title, line] + markers)
    }
    let markers = zip(series.measurements, places).map { measurement, place in
      // A wide, invisible disc makes the marker easy to point at.
      Markup(
        "g", [:], Markup("title", [:], measurement.note),
        Markup("circle", ["cx": place.x, "cy": place.y, "r": 8, "fill-opacity": "0"]),
        series.style.marker.drawn(at: place, isFilled: series.isEmphasised))
    }
    return Markup("g", group(series), children: [line] + markers)
  }

  private func group(_ series: Series) -> KeyValuePairs<String, (any AttributeValue)?> {
    ["class": series.style.className, "color": series.style.color, "fill": "currentColor"]
  }

  /// The names at the ends of the lines. Names of lines that end close together are moved apart; a
  /// thin rule connects each name to its line.
  private var endLabels: [Markup] {
    let ends = series.compactMap { series in
      series.measurements.last.map { (series, place($0.x, $0.proportion)) }
    }
    .sorted { $0.1.y < $1.1.y }
    let heights = Self.spread(ends.map { $0.1.y }, gap: 14, within: plotTop...plotBottom)
    let labelX = plotRight + 12
    return zip(ends, heights).map { end, y in
      let (series, place) = end
      let start = "M\(hundredths(place.x + 5)) \(hundredths(place.y))"
      let rule = "L\(hundredths(labelX - 2)) \(hundredths(y))H\(hundredths(labelX))"
      return Markup(
        "g", group(series),
        Markup(
          "path",
          [
            "d": start + rule, "fill": "none", "stroke": "currentColor", "stroke-width": 0.8,
            "stroke-opacity": 0.6,
          ]),
        series.style.marker.drawn(at: .init(x: labelX + 6, y: y), isFilled: series.isEmphasised),
        Markup(
          "g", ["class": "label", "color": "#1c2126", "fill": "currentColor"],
          SVG.text(
            series.name, at: .init(x: labelX + 14, y: y + 4), size: 11.5,
            isBold: series.isEmphasised)))
    }
  }
}
