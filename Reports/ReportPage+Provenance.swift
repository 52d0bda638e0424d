import Evaluation

extension ReportPage {
  /// Where the numbers came from.
  var provenance: Section? {
    let record = grid.provenance
    let facts = [
      ("Experiment", record.experiment), ("Data", record.data),
      ("Data fingerprint (SHA-256)", record.dataFingerprint),
      ("Examples asked for", String(record.examples)), ("Seed", String(record.seed)),
      ("Device", record.device), ("Threads", String(record.threads)),
      ("Crossfire", record.crossfire),
      ("libtorch", record.libtorch),
    ]
    let rows = facts.map { name, value in
      Markup("tr", [:], Markup("th", ["scope": "row"], name), Markup("td", [:], value))
    }
    let models = record.models.map {
      [$0.name, $0.description, $0.defense ?? "none", $0.fingerprint]
    }
    let attacks = record.attacks.map { attack in
      let parameters = attack.parameters.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      return [attack.name, attack.title, parameters.joined(separator: ", ")]
    }
    return Section(
      id: "provenance", heading: "Provenance",
      content: [
        scrolling(
          "The run", Markup("table", ["class": "facts"], Markup("tbody", [:], children: rows))),
        Markup("h3", [:], "Models"),
        table("Models", header: ["Name", "Description", "Defense", "Weights (SHA-256)"], models),
        Markup("h3", [:], "Attacks"),
        table("Attacks", header: ["Name", "Title", "Parameters"], attacks),
      ])
  }

  /// A table of facts that scrolls by itself where it is too wide.
  func table(_ name: String, header: [String], _ rows: [[String]]) -> Markup {
    let head = header.map { Markup("th", ["scope": "col"], $0) }
    let body = rows.map { row in
      let cells = row.enumerated().map { column, text in
        column == 0 ? Markup("th", ["scope": "row"], text) : Markup("td", [:], text)
      }
      return Markup("tr", [:], children: cells)
    }
    return scrolling(
      name,
      Markup(
        "table", ["class": "facts"], Markup("thead", [:], Markup("tr", [:], children: head)),
        Markup("tbody", [:], children: body)))
  }

  private func scrolling(_ name: String, _ table: Markup) -> Markup {
    Markup(
      "div", ["class": "scroll", "tabindex": 0, "role": "region", "aria-label": "Table: \(name)"],
      table)
  }
}
