import Evaluation

/// A grid as `report.md`: the key numbers, the flags, and every transfer matrix, for a repository
/// or a pull request.
public struct MarkdownReport: Sendable {
  private let grid: Grid
  private let title: String

  public init(grid: Grid, title: String) {
    self.grid = grid
    self.title = title
  }

  public func text() -> String {
    let numbers = KeyNumbers(grid).sentences.map { "- " + markdownEscaped($0) + "\n" }
    let flags = grid.flags.map { flag in
      let parts = [flag.raisedBecause, flag.meaning, flag.advice].map(markdownEscaped)
      return "- **\(markdownEscaped(flag.name))**: \(parts.joined(separator: " "))\n"
    }
    var blocks = ["# \(markdownEscaped(title))\n"]
    if !numbers.isEmpty { blocks.append(numbers.joined()) }
    if !flags.isEmpty { blocks.append("## Before trusting these numbers\n\n" + flags.joined()) }
    for attack in grid.attacks {
      blocks.append("## \(markdownEscaped(attack))\n")
      for epsilon in grid.epsilons(for: attack)
      where epsilon > 0 || grid.positiveBudgets(for: attack).isEmpty {
        let table = GridTable(grid: grid, attack: attack, epsilon: epsilon)
        blocks.append(
          "\(markdownEscaped(table.title)): accuracy in % with its 95% interval, white-box in bold; \(table.precision).\n\n"
            + table.markdown())
      }
    }
    return blocks.joined(separator: "\n")
  }
}
