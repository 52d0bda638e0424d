import Evaluation

extension GridTable {
  /// The table in HTML. It has its own container, which scrolls on a screen that is narrower than
  /// the table. Each cell is shaded by its accuracy, and white-box cells have a frame.
  func html() -> Markup {
    matrix(
      title, legend, corner: "Source model", (hasCleanRow ? [cleanRow] : []) + sources.map(row))
  }

  /// The rows over all source models in HTML: the models' own examples, the worst case and the mean
  /// over the source models, and the source model whose examples transfer best.
  func summaryHTML() -> Markup {
    let summary = SourceSummary(grid, attack)
    let own = victims.map { filled(summary.own($0, epsilon), isClean: false) }
    let worst = victims.map { victim in
      let cell = summary.worst(victim, epsilon)
      return filled(
        cell, isClean: false, note: cell.flatMap { $0.source == victim ? nil : "on \($0.source)" })
    }
    let mean = victims.map { victim in
      summary.mean(victim, epsilon).map {
        Markup(
          "td", ["style": "--share:\(percent($0))%"],
          Markup("span", ["class": "value"], percent($0)))
      } ?? filled(nil, isClean: false)
    }
    func row(_ name: String, _ cells: [Markup]) -> Markup {
      Markup("tr", [:], children: [Markup("th", ["scope": "row"], name)] + cells)
    }
    var rows = hasCleanRow ? [cleanRow] : []
    rows += [
      row("own examples", own), row("worst source model", worst),
      row("mean over other source models", mean),
    ]
    if let strongest = summary.strongestSource(epsilon) {
      rows.append(
        row(
          "\(strongest), which transfers best",
          victims.map { filled(cell(strongest, $0), isClean: false) }))
    }
    return matrix(
      title, legend, corner: "Examples", rows, label: "\(title), over all source models")
  }

  private func matrix(
    _ title: String, _ legend: String, corner: String, _ rows: [Markup], label: String? = nil
  ) -> Markup {
    let corner = Markup("th", ["scope": "col", "rowspan": 2, "class": "corner"], corner)
    let shownTo = Markup(
      "th", ["scope": "colgroup", "colspan": victims.count, "class": "span"], "Target model")
    let names = victims.map { Markup("th", ["scope": "col"], $0) }
    let isWide = victims.count > Grid.mostShownInFull
    let table = Markup(
      "table", ["class": isWide ? "matrix compact" : "matrix"],
      Markup("caption", [:], Markup("span", [:], Markup("strong", [:], title), ". " + legend)),
      Markup("thead", [:], Markup("tr", [:], corner, shownTo), Markup("tr", [:], children: names)),
      Markup("tbody", [:], children: rows))
    return .scrolling(label ?? title, columns: victims.count, table)
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

  private func filled(_ cell: GridCell?, isClean: Bool, note: String? = nil) -> Markup {
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
    if let note { parts.append(Markup("span", ["class": "interval"], note)) }
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
