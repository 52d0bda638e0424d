import Evaluation
import Reports

extension FinishedRun {
  /// The leaderboard of the norm with the most attacks and the remarks, for a terminal; without a
  /// leaderboard, the summary.
  var text: String {
    guard let table = LeaderboardTable.all(grid).first else { return summary }
    return [table.terminalText, remarks].joined(separator: "\n\n")
  }
}

extension LeaderboardTable {
  /// The table with its notes below.
  var terminalText: String {
    var text = TextTable(columns, leading: 2)
    for row in rows { text.add(row.map(\.text)) }
    return ([title, "", text.text, ""] + notes.flatMap { wrapped($0, indent: 0) })
      .joined(separator: "\n")
  }
}
