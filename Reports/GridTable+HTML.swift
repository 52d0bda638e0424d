import Evaluation

extension GridTable {
  /// The table in HTML. It has its own container, which scrolls on a screen that is narrower than
  /// the table. Each cell is shaded by its accuracy, and white-box cells have a frame.
  func html() -> Markup {
    let corner = Markup("th", ["scope": "col", "rowspan": 2, "class": "corner"], "Source model")
    let shownTo = Markup(
      "th", ["scope": "colgroup", "colspan": victims.count, "class": "span"], "Target model")
    let names = victims.map { Markup("th", ["scope": "col"], $0) }
    let body = (hasCleanRow ? [cleanRow] : []) + sources.map(row)
    let table = Markup(
      "table", ["class": "matrix"],
      Markup("caption", [:], Markup("span", [:], Markup("strong", [:], title), ". " + legend)),
      Markup("thead", [:], Markup("tr", [:], corner, shownTo), Markup("tr", [:], children: names)),
      Markup("tbody", [:], children: body))
    return Markup(
      "div", ["class": "scroll", "tabindex": 0, "role": "region", "aria-label": "Table: \(title)"],
      table)
  }

  private var legend: String {
    let target =
      "“target class”: the share of examples that the target model classifies as the attack's target class. "
    let fooled =
      "“fooled”: the share that the target model classifies wrongly, among the examples of images "
      + "that both models classify correctly without an attack. "
    return "Accuracy in % and its 95% interval. " + (hasAim ? target : "")
      + (hasSuccess ? fooled : "") + "A frame marks white-box cells. "
      + (hasFlags ? "⚑ marks a raised flag, which the summary explains. " : "") + "\(precision)."
  }

  private var cleanRow: Markup {
    Markup(
      "tr", ["class": "clean"],
      children: [Markup("th", ["scope": "row"], "clean images")]
        + victims.map { filled(clean($0), isClean: true) })
  }

  private func row(_ source: String) -> Markup {
    let cells = victims.map { filled(cell(source, $0), isClean: false) }
    return Markup("tr", [:], children: [Markup("th", ["scope": "row"], source)] + cells)
  }

  private func filled(_ cell: GridCell?, isClean: Bool) -> Markup {
    guard let cell else {
      return Markup("td", [:], Markup("span", ["class": "aside"], "not measured"))
    }
    let isFramed = !isClean && cell.setting == .whiteBox
    var parts: [any MarkupContent] = [
      Markup("span", ["class": "value"], percent(cell.accuracy)),
      Markup("span", ["class": "interval"], percent(cell.interval)),
    ]
    if !isClean, let success = cell.targetedSuccess {
      parts.append(Markup("span", ["class": "interval"], "target class \(percent(success))"))
    }
    if !isClean, let success = cell.clean?.success {
      parts.append(Markup("span", ["class": "interval"], "fooled \(percent(success))"))
    }
    let flags = isClean ? [] : flags(of: cell)
    if !flags.isEmpty {
      let names = Set(flags.map(\.name)).sorted().joined(separator: ", ")
      parts.append(
        Markup(
          "a",
          [
            "class": "flag", "href": "#flags-heading", "title": names,
            "aria-label": "flag: " + names,
          ], "⚑"))
    }
    if isFramed { parts.append(Markup("span", ["class": "unseen"], "white-box")) }
    return Markup(
      "td", ["class": isFramed ? "own" : nil, "style": "--share:\(percent(cell.accuracy))%"],
      children: parts)
  }
}
