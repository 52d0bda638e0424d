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
    let found = Markup("div", [:], children: answers)
    let asked = Markup(
      "div", ["class": grid.isLarge ? "asked broad" : "asked"], Markup("h3", [:], "Setup"), setup)
    let flags = grid.flags.isEmpty ? [] : [trustFlags]
    // The setup of many models is too long to stand beside the key numbers.
    let content =
      grid.isLarge
      ? [found] + flags + [asked]
      : [Markup("div", ["class": "summary"], found, asked)] + flags
    return Section(id: "summary", heading: "Summary", content: content)
  }

  private var setup: Markup {
    let provenance = grid.provenance
    let models = grid.models.map { name in
      Markup(
        "li", [:], Markup("b", [:], name), provenance.model(name).map { ": " + $0.making } ?? "")
    }
    let attacks = grid.attacks.map { name in
      let title = provenance.attack(name).map { ": " + $0.title } ?? ""
      let budgets = budgets(name).replacing(" = ", with: "\u{A0}=\u{A0}")
      return Markup(
        "li", [:], Markup("b", [:], name), title,
        "; \(budgets)")
    }
    let facts: [(name: String, content: any MarkupContent)] =
      [
        ("Data", provenance.data),
        (
          "Models",
          grid.isLarge
            ? folded("\(models.count) models", [Markup("ul", [:], children: models)])
            : Markup("ul", [:], children: models)
        ),
        ("Attacks", Markup("ul", [:], children: attacks)),
      ] + (grid.unitSentence.map { [("Unit of the budgets", $0)] } ?? [])
      + [
        ("Adversarial examples", exampleCounts), ("Random seed", String(provenance.seed)),
        ("Terms", Self.terms),
      ] + (files == .run ? [("Numbers", Markup("ul", [:], children: resultLinks))] : [])
    return Markup(
      "dl", [:],
      children: facts.flatMap { [Markup("dt", [:], $0.name), Markup("dd", [:], $0.content)] })
  }

  /// The budgets of an attack; of many, their number and the largest.
  private func budgets(_ attack: String) -> String {
    let all = grid.epsilons(for: attack)
    guard all.count > 6, let largest = all.last else { return grid.budgetLabel(attack, all) }
    return "\(all.count) budgets, the largest \(grid.budgetLabel(attack, largest))"
  }

  /// The files with the numbers of the run, and what each contains.
  private var resultLinks: [Markup] {
    resultFiles.map { file in
      Markup("li", [:], Markup("a", ["href": "../" + file.name], file.name), ": " + file.content)
    }
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
}

extension ModelRecord {
  /// The model's description and defense in one line.
  fileprivate var making: String {
    description + ", " + (isUndefended ? "no defense" : defense ?? "defense unknown")
  }
}
