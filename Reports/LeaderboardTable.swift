import Attacks
import Evaluation

/// A leaderboard in words, for the page, the Markdown report and the terminal.
public struct LeaderboardTable: Equatable, Sendable {
  /// One field of the table.
  public struct Cell: Equatable, Sendable {
    /// The number or the name.
    public let value: String
    /// The interval, or what the number is about; empty if there is nothing to say.
    public let detail: String
    /// What the column is sorted by; nil for a name and for an unknown number.
    public let key: Double?

    init(_ value: String, _ detail: String = "", key: Double? = nil) {
      self.value = value
      self.detail = detail
      self.key = key
    }

    /// "39.0 (30.0–48.8)".
    public var text: String { detail.isEmpty ? value : "\(value) (\(detail))" }
  }

  /// "Worst-case accuracy in ℓ∞ within ε = 0.2".
  public let title: String
  public let columns: [String]
  public let rows: [[Cell]]
  /// What the worst case counts, why within this budget, which attacks are not in it, and what the
  /// ranks mean, each in a sentence or two.
  public let notes: [String]

  /// The leaderboard of each norm within the budget that stands for it (`HeadlineBudget`), that of
  /// the norm with the most attacks first.
  public static func all(_ grid: Grid) -> [LeaderboardTable] {
    grid.headlineBudgets.compactMap { budget in
      grid.leaderboard(budget).map { LeaderboardTable($0, budget, of: grid) }
    }
  }

  private init(_ board: Leaderboard, _ budget: HeadlineBudget, of grid: Grid) {
    let comparisons = board.ranking.comparisons
    let isCompared = board.rows.count > 1
    let isCertified = board.rows.contains { $0.certified != nil }
    let hasGroups = board.rows.contains { $0.groups != nil }
    title = "Worst-case accuracy in \(budget.norm.symbol) within \(grid.text(of: budget))"
    // Each column with its cells. Columns that say nothing are left out.
    let all: [(name: String, isKnown: Bool, cell: (Leaderboard.Row) -> Cell)] = [
      ("rank", true, { Cell("\($0.rank)", key: Double($0.rank)) }),
      ("model", true, { Cell($0.model) }),
      (
        "worst case, %", true,
        { Cell(percent($0.worstCase), percent($0.interval), key: $0.worstCase) }
      ),
      ("behind the first", isCompared, { Self.behind($0, among: comparisons) }),
      ("clean, %", true, { Cell(percent($0.clean), key: $0.clean) }),
      ("certified, %", isCertified, { Self.certified($0, within: budget.epsilon) }),
      ("worst group, %", hasGroups, { Self.worstGroup($0) }),
      ("flags", true, { Cell("\($0.flags)", key: Double($0.flags)) }),
    ]
    let shown = all.filter(\.isKnown)
    columns = shown.map(\.name)
    rows = board.rows.map { row in shown.map { $0.cell(row) } }
    notes =
      [
        Self.counted(board.ranking, budget, of: grid),
        grid.reason(for: budget),
      ]
      + [Self.leftOut(board.ranking, of: grid), Self.ranks(board.ranking)].compactMap { $0 }
      + (hasGroups ? ["The worst group is that of the unchanged images."] : [])
  }

  private static func behind(_ row: Leaderboard.Row, among comparisons: Int) -> Cell {
    guard let behind = row.behindFirst else { return Cell("", key: 0) }
    return Cell(
      behind.value.signedPoints, behind.interval(among: comparisons).signedPoints,
      key: behind.value)
  }

  private static func certified(_ row: Leaderboard.Row, within epsilon: Double) -> Cell {
    guard let cell = row.certified else { return Cell("") }
    return Cell(
      percent(cell.accuracy), cell.epsilon == epsilon ? "" : "up to \(budgetText(cell.epsilon))",
      key: cell.accuracy)
  }

  private static func worstGroup(_ row: Leaderboard.Row) -> Cell {
    guard let group = row.groups?.worst else { return Cell("") }
    return Cell(percent(group.accuracy), group.name, key: group.accuracy)
  }

  private static func counted(
    _ ranking: WorstCaseRanking, _ budget: HeadlineBudget, of grid: Grid
  ) -> String {
    let sources = grid.sources.count
    let made =
      sources == 1 ? "made on \(grid.sources[0])" : "made on any of the \(sources) source models"
    return "An image counts only if the model classifies it correctly unchanged and under "
      + "\(ranking.attacks.count > 1 ? "each of the attacks " : "")\(listed(ranking.attacks)) within "
      + "\(grid.text(of: budget)), \(made); there are \(Reports.counted(ranking.images, "image"))."
  }

  /// Which attacks the worst case does not count, and why; nil if it counts all.
  private static func leftOut(_ ranking: WorstCaseRanking, of grid: Grid) -> String? {
    guard !ranking.leftOut.isEmpty else { return nil }
    let parts = ranking.leftOut.map { left in
      let norm = grid.provenance.attack(left.attack)?.parameters["norm"].flatMap(Norm.init)
      let why =
        switch left.reason {
        case .anotherNorm: norm.map { "its budget is in \($0.symbol)" } ?? "it has another norm"
        case .budgetIsNoSize: "its budget is not the size of a perturbation"
        case .fewerImages: "it was given fewer images"
        case .fartherAway: "it has no example within the budget"
        }
      return "\(left.attack) (\(why))"
    }
    return "Not counted: \(listed(parts))."
  }

  /// What the ranks mean; nil for a single model.
  private static func ranks(_ ranking: WorstCaseRanking) -> String? {
    guard ranking.comparisons > 0 else { return nil }
    return "A model's rank is one more than the number of models that are better: the 95% interval "
      + "of their difference, paired by image, lies above 0. "
      + (ranking.comparisons == 1
        ? "" : "The \(ranking.comparisons) intervals of all pairs hold together. ")
      + "Models of the same rank may differ by less than these images show."
  }
}

extension LeaderboardTable {
  /// The table in Markdown, below its title and above its notes.
  func markdown() -> String {
    func line(_ fields: [String]) -> String { "| " + fields.joined(separator: " | ") + " |\n" }
    return markdownEscaped(title) + ":\n\n" + line(columns)
      + line(columns.map { $0 == "model" ? "---" : "---:" })
      + rows.map { line($0.map { markdownEscaped($0.text) }) }.joined()
      + "\n" + notes.map(markdownEscaped).joined(separator: " ") + "\n"
  }
}

extension Grid {
  /// "ε = 0.2".
  func text(of budget: HeadlineBudget) -> String {
    "\(budget.attacks.first.map(budgetSymbol) ?? "ε") = \(budgetText(budget.epsilon))"
  }

  /// Why a budget stands for its norm; for the first norm also why it is the first.
  func reason(for budget: HeadlineBudget) -> String {
    let budgets = headlineBudgets
    let norms = budgets.first == budget ? budgets.count : 1
    let count = budget.candidates.count
    let within =
      budget.hasFurtherBudgets
      ? " within which the most attacks (\(budget.attacks.count)) have examples" : ""
    let place =
      switch count {
      case 1: "the only budget\(within)"
      case 2: "the larger of the 2 budgets\(within)"
      default:
        "the \(count % 2 == 0 ? "upper " : "")middle one of the \(count) budgets\(within)"
      }
    let choice = "\(text(of: budget)) is \(place)"
    if norms > 1 {
      return "\(choice), and of the \(norms) norms the one of the most attacks comes first; "
        + "neither choice depends on the accuracies."
    }
    let isChosen = count > 1 || budget.hasFurtherBudgets
    return choice + (isChosen ? "; the choice does not depend on the accuracies." : ".")
  }
}
