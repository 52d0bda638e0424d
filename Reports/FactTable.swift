extension ReportPage {
  /// A table of facts in a container that scrolls on a narrow screen.
  func table(_ name: String, header: [String], _ rows: [[String]]) -> Markup {
    let head = header.map { Markup("th", ["scope": "col"], $0) }
    let body = rows.map { row in
      let cells = row.enumerated().map { column, text in
        column == 0 ? Markup("th", ["scope": "row"], text) : Markup("td", [:], text)
      }
      return Markup("tr", [:], children: cells)
    }
    return .scrolling(
      name, columns: header.count,
      Markup(
        "table", ["class": "facts"], Markup("thead", [:], Markup("tr", [:], children: head)),
        Markup("tbody", [:], children: body)))
  }

  /// Content that is folded under a heading.
  func folded(_ heading: String, _ content: [Markup]) -> Markup {
    Markup("details", [:], children: [Markup("summary", [:], heading)] + content)
  }
}

extension Markup {
  /// A table in a container that scrolls sideways where the screen is too narrow. A line above the
  /// table says so there, since not every browser shows a scroll bar before it is used.
  static func scrolling(_ name: String, columns: Int, _ table: Markup) -> Markup {
    let width = columns > 9 ? "scroll widest" : columns > 5 ? "scroll wider" : "scroll"
    let cue = Markup("p", ["class": "cue", "aria-hidden": "true"], "scroll sideways →")
    return Markup(
      "div", ["class": width, "tabindex": 0, "role": "region", "aria-label": "Table: \(name)"],
      children: (columns > 2 ? [cue] : []) + [table])
  }
}
