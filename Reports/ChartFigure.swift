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

  /// The panels on a white background, in rows of up to three.
  func svg() -> String {
    let columns = panels.count == 4 ? 2 : min(3, panels.count)
    let rows = (panels.count + columns - 1) / columns
    let gutter = 14.0
    let whole = SVG.Size(
      width: Double(columns) * (size.width + gutter) + gutter,
      height: Double(rows) * (size.height + gutter) + gutter)
    let placed = panels.enumerated().map { index, panel in
      panel(
        SVG.Point(
          x: gutter + Double(index % columns) * (size.width + gutter),
          y: gutter + Double(index / columns) * (size.height + gutter)))
    }
    let paper = Markup("rect", ["width": whole.width, "height": whole.height, "fill": "#ffffff"])
    let picture = SVG.picture(
      id: "figure", size: whole, title: title, description: description, content: [paper] + placed)
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
      size: LineChart.size, csv: table.text,
      vegaLite: { file in
        .lines(
          title: title, data: file, panel: "panel", series: "series", x: .init("x", x),
          y: .init("y", y), low: "low",
          high: "high")
      })
  }
}
