import Evaluation

extension ReportPage {
  /// What was asked, what came out, and what speaks against it.
  var summary: Section? {
    let findings = KeyNumbers(grid).all.map { number in
      Markup(
        "li", [:], Markup("span", ["class": "figure", "aria-hidden": "true"], number.figure),
        // "ε = 0.4" is not torn apart at the end of a line.
        Markup("span", [:], number.sentence.replacing(" = ", with: "\u{A0}=\u{A0}")))
    }
    var answers: [any MarkupContent] = []
    if !findings.isEmpty {
      answers += [
        Markup("h3", [:], "What came out"), Markup("ul", ["class": "findings"], children: findings),
      ]
    }
    if !grid.flags.isEmpty { answers.append(trustFlags) }
    return Section(
      id: "summary", heading: "Summary",
      content: [
        Markup(
          "div", ["class": "summary"], Markup("div", [:], children: answers),
          Markup("div", ["class": "asked"], Markup("h3", [:], "What was asked"), question))
      ])
  }

  private var question: Markup {
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
    return Markup(
      "dl", [:],
      Markup("dt", [:], "Data"), Markup("dd", [:], provenance.data),
      Markup("dt", [:], "Models"), Markup("dd", [:], Markup("ul", [:], children: models)),
      Markup("dt", [:], "Attacks"), Markup("dd", [:], Markup("ul", [:], children: attacks)),
      Markup("dt", [:], "Examples"), Markup("dd", [:], exampleCounts),
      Markup("dt", [:], "Seed"), Markup("dd", [:], String(provenance.seed)))
  }

  /// How many examples each cell counts: one number if all attacks were given as many, else each
  /// attack's.
  private var exampleCounts: String {
    let counts = grid.attacks.map { attack in
      grid.cells.filter { $0.attack == attack }.map(\.examples).max() ?? 0
    }
    guard Set(counts).count > 1 else {
      return "\(counts.first ?? grid.provenance.examples) per attack and source"
    }
    return zip(grid.attacks, counts).map { "\($0): \($1)" }.joined(separator: ", ") + " per source"
  }

  private var trustFlags: Markup {
    let flags = grid.flags.map { flag in
      let concerns = [
        flag.attack, flag.source.map { "made on \($0)" }, flag.victim.map { "shown to \($0)" },
      ].compactMap { $0 }
      let suffix = concerns.isEmpty ? "" : " (\(concerns.joined(separator: ", ")))"
      return Markup(
        "li", [:],
        Markup("p", [:], Markup("b", [:], flag.name), suffix),
        Markup("p", [:], Markup("i", [:], "Raised because: "), flag.raisedBecause),
        Markup("p", [:], Markup("i", [:], "It means: "), flag.meaning),
        Markup("p", [:], Markup("i", [:], "Advice: "), flag.advice))
    }
    let count = counted(grid.flags.count, "flag") + (grid.flags.count == 1 ? " was" : " were")
    return Markup(
      "aside", ["class": "flags", "aria-labelledby": "flags-heading"],
      Markup("h3", ["id": "flags-heading"], "Before trusting these numbers: \(count) raised"),
      Markup("ul", [:], children: flags))
  }
}

extension ModelRecord {
  /// How it was made, defense included, in one line.
  fileprivate var making: String { description + (defense.map { ", " + $0 } ?? "") }
}
