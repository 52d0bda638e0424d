import Evaluation
import Foundation
import Support

/// A figure as files: its picture, its data, and a Vega-Lite specification, with which readers can
/// draw it in their own style.
struct ChartFigure {
  /// Draws one panel of the figure with its upper left corner at a place.
  typealias Panel = (SVG.Point) -> Markup

  let title: String
  let description: String
  let panels: [Panel]
  /// The size of each panel.
  let size: SVG.Size
  /// The data as CSV, one line for each mark.
  let csv: String
  /// The names of the series, if the panels do not have them.
  var legend: Legend?
  /// The specification, for data in a file beside it.
  let vegaLite: (_ dataFile: String) -> VegaLite

  /// Writes `<name>.svg`, `<name>.csv` and `<name>.vl.json`.
  /// - Throws: `Failure.cannotWrite`.
  func write(to folder: URL, name: String) throws {
    try AtomicFile.write(svg(), to: folder.appending(path: name + ".svg"))
    try AtomicFile.write(csv, to: folder.appending(path: name + ".csv"))
    try AtomicFile.write(
      vegaLite(name + ".csv").json(), to: folder.appending(path: name + ".vl.json"))
  }

  /// The panels on a white background, in rows of up to three, above the legend.
  func svg() -> String {
    let columns = panels.count == 4 ? 2 : min(3, panels.count)
    let rows = (panels.count + columns - 1) / columns
    let gutter = 14.0
    let width = Double(columns) * (size.width + gutter) + gutter
    let panelsEnd = Double(rows) * (size.height + gutter) + gutter
    let inner = width - 2 * gutter
    let whole = SVG.Size(
      width: width, height: panelsEnd + (legend.map { $0.height(width: inner) } ?? 0))
    let names = legend.map { $0.drawn(at: .init(x: gutter, y: panelsEnd), width: inner) } ?? []
    let placed = panels.enumerated().map { index, panel in
      panel(
        SVG.Point(
          x: gutter + Double(index % columns) * (size.width + gutter),
          y: gutter + Double(index / columns) * (size.height + gutter)))
    }
    let paper = Markup("rect", ["width": whole.width, "height": whole.height, "fill": "#ffffff"])
    let picture = SVG.picture(
      id: "figure", size: whole, title: title, description: description,
      content: [paper] + placed + names)
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + picture.rendered + "\n"
  }
}

extension ChartFigure {
  /// A figure of line charts, whose data have the columns `panel,series,x,y,low,high`.
  init(title: String, description: String, charts: [LineChart]) {
    var table = CSV(header: "panel,series,x,y,low,high")
    for chart in charts {
      for series in chart.series {
        for point in series.measurements {
          table.append(
            [chart.title, series.name, point.x.plainDecimal]
              + [point.proportion, point.interval.lowerBound, point.interval.upperBound].map {
                ($0 * chart.top).roundedToMillionths.plainDecimal
              })
        }
      }
    }
    let (x, y) = (charts.first?.xTitle ?? "", charts.first?.yTitle ?? "")
    self.init(
      title: title, description: description,
      panels: charts.map { chart in { chart.picture(at: $0) } },
      size: LineChart.size, csv: table.text, legend: Legend(charts),
      vegaLite: { file in
        .lines(
          title: title, data: file, panel: "panel", series: "series", x: .init("x", x),
          y: .init("y", y), low: "low",
          high: "high")
      })
  }
}

extension ReportPage {
  /// A figure of panels beside each other, as many as fit in a row, with a legend, a caption and
  /// links to its files.
  /// - Parameters:
  ///   - name: the figure's name among `figures`.
  ///   - results: files of the run folder that have the numbers too.
  func figure(
    _ panels: [Markup], heading: Markup? = nil, legend: Legend? = nil, caption: String,
    name: String, results: [String] = []
  ) -> Markup {
    let parts: [Markup?] = [
      heading, Markup("div", ["class": "panels"], children: panels), legend?.html,
      caption.isEmpty ? nil : Markup("figcaption", [:], caption),
    ]
    return Markup(
      "figure", [:], children: parts.compactMap { $0 } + links(to: name, results: results))
  }

  /// A figure of line charts.
  func figure(
    _ charts: [LineChart], heading: Markup? = nil, caption: String, name: String,
    results: [String] = []
  ) -> Markup {
    figure(
      charts.map { $0.picture() }, heading: heading, legend: Legend(charts), caption: caption,
      name: name, results: results)
  }
}
