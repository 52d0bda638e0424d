import Evaluation

extension ReportPage {
  /// The key numbers, the flags that speak against them, and the experiment's setup.
  var summary: Section? {
    let findings = KeyNumbers(grid).all.map { number in
      Markup(
        "li", [:], Markup("span", ["class": "figure", "aria-hidden": "true"], number.figure),
        // Non-breaking spaces keep "ε = 0.4" on one line.
        Markup("span", [:], number.sentence.replacing(" = ", with: "\u{A0}=\u{A0}")))
    }
    var answers: [any MarkupContent] = []
    if !findings.isEmpty {
      answers += [
        Markup("h3", [:], "Key numbers"), Markup("ul", ["class": "findings"], children: findings),
      ]
    }
    if !grid.flags.isEmpty { answers.append(trustFlags) }
    return Section(
      id: "summary", heading: "Summary",
      content: [
        Markup(
          "div", ["class": "summary"], Markup("div", [:], children: answers),
          Markup("div", ["class": "asked"], Markup("h3", [:], "Experiment setup"), setup))
      ])
  }

  private var setup: Markup {
    let provenance = grid.provenance
    let models = grid.models.map { name in
      Markup(
        "li", [:], Markup("b", [:], name), provenance.model(name).map { ": " + $0.making } ?? "")
    }
    let attacks = grid.attacks.map { name in
      let title = provenance.attack(name).map { ": " + $0.title } ?? ""
      let budgets = grid.epsilons(for: name).map(budgetText).joined(separator: ", ")
      return Markup(
        "li", [:], Markup("b", [:], name), title,
        "; \(grid.budgetSymbol(name))\u{A0}=\u{A0}\(budgets)")
    }
    let facts: [(name: String, content: any MarkupContent)] =
      [
        ("Data", provenance.data), ("Models", Markup("ul", [:], children: models)),
        ("Attacks", Markup("ul", [:], children: attacks)),
      ] + (grid.unitSentence.map { [("Unit of the budgets", $0)] } ?? [])
      + [
        ("Adversarial examples", exampleCounts), ("Seed", String(provenance.seed)),
        ("Terms", Self.terms),
      ]
    return Markup(
      "dl", [:],
      children: facts.flatMap { [Markup("dt", [:], $0.name), Markup("dd", [:], $0.content)] })
  }

  /// The words that the page uses for the two models of a measurement.
  private static let terms =
    """
    The source model is the model that adversarial examples are made on. The target model (or \
    victim) is the model that they are shown to. In a white-box attack the two are the same model, \
    in a black-box attack they differ.
    """

  /// How many examples each cell counts: one number if it is the same for all attacks, otherwise a
  /// number for each attack.
  private var exampleCounts: String {
    let counts = grid.attacks.map { attack -> String in
      let cells = grid.cells.filter { $0.attack == attack }
      let excluded = cells.map(\.excluded).max() ?? 0
      let left =
        excluded == 0 ? "" : " (without \(counted(excluded, "image")) of the target class)"
      return "\(cells.map(\.examples).max() ?? 0)\(left)"
    }
    guard Set(counts).count > 1 else {
      return "\(counts.first ?? "\(grid.provenance.examples)") for each attack and source model"
    }
    return zip(grid.attacks, counts).map { "\($0): \($1)" }.joined(separator: ", ")
      + " for each source model"
  }

  private var trustFlags: Markup {
    let flags = grid.flags.map { flag in
      let concerns = [
        flag.attack, flag.source.map { "source model \($0)" },
        flag.victim.map { "target model \($0)" },
      ].compactMap { $0 }
      let suffix = concerns.isEmpty ? "" : " (\(concerns.joined(separator: ", ")))"
      return Markup(
        "li", [:],
        Markup("p", [:], Markup("b", [:], flag.name), suffix),
        Markup("p", [:], Markup("i", [:], "Raised because: "), flag.raisedBecause),
        Markup("p", [:], Markup("i", [:], "It means: "), flag.meaning),
        Markup("p", [:], Markup("i", [:], "What to do: "), flag.advice))
    }
    let count = counted(grid.flags.count, "flag") + (grid.flags.count == 1 ? " was" : " were")
    return Markup(
      "aside", ["class": "flags", "aria-labelledby": "flags-heading"],
      Markup("h3", ["id": "flags-heading"], "Before trusting these numbers: \(count) raised"),
      Markup("ul", [:], children: flags))
  }
}

extension ModelRecord {
  /// The model's description and defense in one line.
  fileprivate var making: String {
    description + ", " + (isUndefended ? "no defense" : defense ?? "defense unknown")
  }
}
