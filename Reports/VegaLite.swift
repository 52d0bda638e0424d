import Foundation
import Support

/// A chart as a Vega-Lite 5 specification, with its data in a CSV file beside it. Vega-Lite is the
/// grammar of Satyanarayan et al., "Vega-Lite: A Grammar of Interactive Graphics" (2017).
struct VegaLite {
  /// A column of the data, and its title on the axis.
  struct Field {
    let name: String
    let title: String

    init(_ name: String, _ title: String) {
      self.name = name
      self.title = title
    }

    fileprivate func encoded(_ type: String) -> [String: Any] {
      ["field": name, "type": type, "title": title]
    }
  }

  private let specification: [String: Any]

  private init(_ title: String, _ data: String, panel: Field, _ part: [String: Any]) {
    specification = [
      "$schema": "https://vega.github.io/schema/vega-lite/v5.json", "title": title,
      "data": ["url": data],
      "facet": panel.encoded("nominal"), "columns": 3, "spec": part,
    ]
  }

  /// A panel for each value of a column, with a line and its interval for each series.
  static func lines(
    title: String, data: String, panel: String, series: String, x: Field, y: Field, low: String,
    high: String
  ) -> VegaLite {
    let color: [String: Any] = ["field": series, "type": "nominal"]
    let across = x.encoded("quantitative")
    return VegaLite(
      title, data, panel: Field(panel, ""),
      [
        "width": 260, "height": 180,
        "layer": [
          [
            "mark": ["type": "area", "opacity": 0.12],
            "encoding": [
              "x": across, "y": Field(low, y.title).encoded("quantitative"), "y2": ["field": high],
              "color": color,
            ],
          ],
          [
            "mark": ["type": "line", "point": true, "tooltip": true],
            "encoding": [
              "x": across, "y": y.encoded("quantitative"), "color": color,
              "strokeDash": color.merging(["legend": NSNull()]) { $1 },
            ],
          ],
        ],
      ])
  }

  /// A panel for each value of a column, with a shaded square and its number for each pair of row
  /// and column.
  static func matrix(
    title: String, data: String, panel: Field, row: Field, column: Field, value: Field
  ) -> VegaLite {
    let places = ["x": column.encoded("nominal"), "y": row.encoded("nominal")]
    return VegaLite(
      title, data, panel: panel,
      [
        "width": ["step": 60], "height": ["step": 36],
        "layer": [
          [
            "mark": ["type": "rect", "tooltip": true],
            "encoding": places.merging([
              "color": value.encoded("quantitative").merging([
                "scale": ["scheme": "blues", "domain": [0, 1]]
              ]) { $1 }
            ]) { $1 },
          ],
          [
            "mark": ["type": "text"],
            "encoding": places.merging([
              "text": value.encoded("quantitative").merging(["format": ".1%"]) { $1 }
            ]) {
              $1
            },
          ],
        ],
      ])
  }

  /// A panel for each value of a column, with a bar for each kind.
  static func bars(title: String, data: String, panel: Field, kind: Field, count: Field) -> VegaLite
  {
    VegaLite(
      title, data, panel: panel,
      [
        "mark": ["type": "bar", "tooltip": true],
        "encoding": [
          "x": count.encoded("quantitative"),
          "y": kind.encoded("nominal").merging(["sort": "-x"]) { $1 },
        ],
      ])
  }

  /// A panel for each value of a column, with a box plot for each series on an axis that is
  /// logarithmic away from 0.
  static func boxes(title: String, data: String, panel: Field, series: Field, value: Field)
    -> VegaLite
  {
    VegaLite(
      title, data, panel: panel,
      [
        "width": 260, "mark": ["type": "boxplot", "extent": 1.5],
        "encoding": [
          "x": value.encoded("quantitative").merging(["scale": ["type": "symlog"]]) { $1 },
          "y": series.encoded("nominal").merging(["sort": NSNull()]) { $1 },
          "color": series.encoded("nominal").merging(["legend": NSNull()]) { $1 },
        ],
      ])
  }

  /// A panel for each value of a column, with a point and its interval for each row.
  static func intervals(
    title: String, data: String, panel: Field, row: Field, value: Field, low: String, high: String
  ) -> VegaLite {
    let y = row.encoded("nominal").merging(["sort": NSNull()]) { $1 }
    return VegaLite(
      title, data, panel: panel,
      [
        "width": 260,
        "layer": [
          [
            "mark": "rule",
            "encoding": [
              "x": Field(low, value.title).encoded("quantitative"), "x2": ["field": high], "y": y,
            ],
          ],
          [
            "mark": ["type": "point", "filled": true, "size": 60, "tooltip": true],
            "encoding": ["x": value.encoded("quantitative"), "y": y],
          ],
        ],
      ])
  }

  /// A panel for each value of a column, with a coloured square for each place of a plane.
  static func plane(
    title: String, data: String, panel: Field, x: Field, y: Field, kind: Field
  ) -> VegaLite {
    let inside: [String: Any] = ["scale": ["zero": false]]
    return VegaLite(
      title, data, panel: panel,
      [
        "width": 260, "height": 260,
        "mark": ["type": "square", "opacity": 0.5, "size": 8, "tooltip": true],
        "encoding": [
          "x": x.encoded("quantitative").merging(inside) { $1 },
          "y": y.encoded("quantitative").merging(inside) { $1 },
          "color": kind.encoded("nominal"),
        ],
      ])
  }

  /// The specification as JSON. The same specification gives the same bytes.
  func json() throws -> Data {
    try JSONSerialization.data(
      withJSONObject: specification,
      options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]) + Data("\n".utf8)
  }
}
