import Evaluation

extension ReportPage {
  /// The section on repeated judgements of the same examples; nil if each was judged once.
  var judgements: Section? {
    let tables = JudgementTable.all(grid)
    guard !tables.isEmpty else { return nil }
    let content = tables.flatMap { judged -> [any MarkupContent] in
      [
        Markup("h3", [:], judged.title),
        table(
          "Judgements of \(judged.title)", header: ["Source model"] + judged.victims, judged.rows),
      ]
    }
    return Section(
      id: "judgements", heading: "Repeated judgements",
      content: [Markup("p", [:], JudgementTable.explanation(grid))] + content)
  }
}

/// What repeated judgements of the examples of one attack within one budget gave: a row for each
/// source model and a column for each target model.
struct JudgementTable {
  let title: String
  let victims: [String]
  let rows: [[String]]

  /// A table for the middle budget of each attack; empty if each example was judged once.
  static func all(_ grid: Grid) -> [JudgementTable] {
    grid.attacks.compactMap { attack in
      let budget = grid.middleBudget(for: attack) ?? grid.epsilons(for: attack).first
      let here = grid.cells.filter { $0.attack == attack && $0.epsilon == budget }
      guard let budget, here.contains(where: { $0.judgements != nil }) else { return nil }
      let rows = grid.sources.map { source in
        [source]
          + grid.victims.map { victim in
            here.first { $0.source == source && $0.victim == victim }?.judgements.map(text) ?? ""
          }
      }
      return JudgementTable(
        title: grid.heading(attack, budget), victims: grid.victims, rows: rows)
    }
  }

  /// What the tables show, in words.
  static func explanation(_ grid: Grid) -> String {
    let count = grid.cells.compactMap { $0.judgements?.count }.max() ?? 1
    return """
      Each model was shown every example \(count) times, because a model that computes with random \
      numbers may answer differently each time. The tables have the mean accuracy in % over the \
      judgements ± its standard deviation, the range in parentheses, and the share of examples that \
      are classified correctly in all \(count) judgements (worst). All other sections count the first \
      judgement. All budgets are in grid.csv.
      """
  }

  /// "61.2 ± 1.4 (58.0–63.5), worst 30.1".
  private static func text(_ judgements: Judgements) -> String {
    "\(percent(judgements.mean)) ± \(percent(judgements.standardDeviation)) "
      + "(\(percent(judgements.range))), worst \(percent(judgements.worst))"
  }

  /// The table in Markdown.
  func markdown() -> String {
    let header = ["source \\ target"] + victims.map(markdownEscaped)
    let lines = [header, ["---"] + victims.map { _ in "---:" }]
    let body = rows.map { [markdownEscaped($0[0])] + $0.dropFirst() }
    return (lines + body).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }
}
