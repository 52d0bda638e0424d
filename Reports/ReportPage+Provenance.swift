import Evaluation

extension ReportPage {
  /// The section on the origin of the numbers: data, models, attacks, and the set-ups that computed
  /// the results.
  var provenance: Section? {
    let record = grid.provenance
    var facts = [
      ("Experiment", record.experiment), ("Data", record.data),
      ("Data fingerprint (SHA-256)", record.dataFingerprint),
      ("Examples asked for", String(record.examples)), ("Random seed", String(record.seed)),
    ]
    if let range = record.valueRange { facts.append(("Valid values", range.words)) }
    if record.computations.isEmpty {
      facts += [
        ("Device", record.device), ("Threads", String(record.threads)),
        ("Crossfire", record.crossfire), ("libtorch", record.libtorch),
      ]
    }
    let rows = facts.map { name, value in
      Markup("tr", [:], Markup("th", ["scope": "row"], name), Markup("td", [:], value))
    }
    // The order is that of all figures and tables; a record without measurements comes last.
    let order = grid.models
    let ordered = order.compactMap(record.model) + record.models.filter { !order.contains($0.name) }
    let models = ordered.map {
      [$0.name, $0.description, $0.defense ?? "unknown", $0.fingerprint]
    }
    let attacks = record.attacks.map { attack in
      let parameters = attack.parameters.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      return [attack.name, attack.title, parameters.joined(separator: ", ")]
    }
    let records = [
      Markup("h3", [:], "Models"),
      table("Models", header: ["Name", "Description", "Defense", "Weights (SHA-256)"], models),
      Markup("h3", [:], "Attacks"),
      table("Attacks", header: ["Name", "Title", "Parameters"], attacks),
    ]
    return Section(
      id: "provenance", heading: "Provenance",
      content: [
        .scrolling(
          "The run", columns: 2,
          Markup("table", ["class": "facts"], Markup("tbody", [:], children: rows)))
      ] + computations
        + (grid.isLarge ? [folded("Models and attacks", records)] : records))
  }

  /// Each set-up that computed results, once, with the number of its results; nothing if the grid
  /// does not say.
  private var computations: [Markup] {
    let all = grid.provenance.computations
    let setups = all.setUps
    guard !setups.isEmpty else { return [] }
    let rows = setups.map { setup in
      [
        setup.device, String(setup.threads), setup.crossfire, setup.libtorch,
        String(all.count(by: setup)),
      ]
    }
    let note = """
      The results were computed by \(setups.count) different set-ups. They may differ in rounding \
      from the results of a single set-up.
      """
    return [
      Markup("h3", [:], "Computed by"),
      table(
        "Computed by", header: ["Device", "Threads", "Crossfire", "libtorch", "Results"], rows),
    ] + (setups.count > 1 ? [Markup("p", ["class": "note"], note)] : [])
  }

  /// The versions that computed the results, as a sentence of the footer.
  var versions: String {
    let record = grid.provenance
    let all = record.computations.setUps
    let differ = all.contains { ($0.crossfire, $0.libtorch) != (record.crossfire, record.libtorch) }
    return differ
      ? "Computed by several versions of Crossfire or libtorch, which the section Provenance lists."
      : "Computed by Crossfire \(record.crossfire) with libtorch \(record.libtorch)."
  }
}
