import Evaluation

/// A grid as Markdown, for a repository or a pull request: the leaderboard, the key numbers, the flags, the
/// accuracies by group, the models with other explanations, every transfer matrix and repeated
/// judgements.
public struct MarkdownReport: Sendable {
  private let grid: Grid
  private let title: String

  public init(grid: Grid, title: String) {
    self.grid = grid
    self.title = title
  }

  /// The report's text, as in `report.md`.
  public func text() -> String {
    let numbers = KeyNumbers(grid).sentences.map { "- " + markdownEscaped($0) + "\n" }
    let flags = grid.flags.map { flag in
      let parts = [flag.raisedBecause, flag.meaning, flag.advice].map(markdownEscaped)
      return "- **\(markdownEscaped(flag.name))**: \(parts.joined(separator: " "))\n"
    }
    var blocks = ["# \(markdownEscaped(title))\n"]
    blocks += LeaderboardTable.all(grid).map { $0.markdown() }
    if !numbers.isEmpty { blocks.append(numbers.joined()) }
    if let unit = grid.unitSentence { blocks.append(unit + "\n") }
    if !flags.isEmpty { blocks.append("## Before trusting these numbers\n\n" + flags.joined()) }
    if !grid.groupTables.isEmpty {
      let tables = grid.groupTables.map { markdownEscaped($0.title) + ":\n\n" + $0.markdown() }
      blocks += ["## By group\n\n\(GroupAccuracies.worstIntervalNote)\n"] + tables
    }
    if let found = grid.another {
      let models = found.models.map {
        "- \(markdownEscaped($0.model)): test accuracy \(percent($0.testAccuracy)) %, training "
          + "accuracy \(percent($0.trainAccuracy)) %\n"
      }
      blocks.append(
        "## Other explanations\n\n\(markdownEscaped(found.ending))\n\n" + models.joined())
    }
    if let explanations = Self.explanations(grid) { blocks.append(explanations) }
    if !grid.cells.isEmpty {
      blocks.append(
        """
        ## Accuracy on adversarial examples

        Each row is a source model, on which the examples were made. Each column is a target \
        model, to which they were shown. A cell is the target model's accuracy in % with its 95% \
        interval, in bold where the two models are the same (white-box).

        """)
    }
    for attack in grid.attacks {
      blocks.append("### \(markdownEscaped(attack))\n")
      for epsilon in grid.epsilons(for: attack)
      where epsilon > 0 || grid.positiveBudgets(for: attack).isEmpty {
        let table = GridTable(grid: grid, attack: attack, epsilon: epsilon)
        blocks.append(
          "\(markdownEscaped(table.title)): \(table.precision).\n\n" + table.markdown())
      }
    }
    let judged = JudgementTable.all(grid)
    if !judged.isEmpty {
      blocks.append("## Repeated judgements\n\n\(JudgementTable.explanation(grid))\n")
      blocks += judged.map { "\(markdownEscaped($0.title)):\n\n" + $0.markdown() }
    }
    return blocks.joined(separator: "\n")
  }
}
