import Attacks
import Evaluation

/// The worst case of every model within one budget in one norm, which is the first number of a
/// report: whatever was tried, the weakest result counts.
struct Headline {
  private let grid: Grid
  private let norm: Norm
  private let epsilon: Double
  /// The worst cases within the budget, one for each model.
  private let rows: [WorstCase]

  /// What the leaderboard says about the model that is first; nil if the grid has none.
  private let lead: String?
  /// Why this budget.
  private let reason: String

  /// A headline for each norm of the grid's attacks, within the budget that stands for the norm.
  static func all(_ grid: Grid) -> [Headline] {
    grid.headlineBudgets.map { budget in
      Headline(
        grid: grid, norm: budget.norm, epsilon: budget.epsilon,
        rows: grid.worstCases.filter {
          $0.norm == budget.norm.rawValue && $0.epsilon == budget.epsilon && $0.images > 0
        },
        lead: grid.leaderboard(budget)?.lead,
        reason: grid.reason(for: budget))
    }
  }

  private var attacks: [String] { rows.first?.attacks ?? [] }

  /// "In the worst case over all attacks (fgsm and pgd, ε = 0.2 in ℓ∞)", or "Under fgsm (…)" for
  /// one attack on one model.
  private var circumstances: String {
    let parts =
      (attacks.count > 1 ? ["attacks"] : []) + (grid.sources.count > 1 ? ["source models"] : [])
    guard !parts.isEmpty else { return "Under \(name)" }
    return "In the worst case over all \(parts.joined(separator: " and ")) (\(name))"
  }

  /// "fgsm and pgd, ε = 0.2 in ℓ∞".
  private var name: String {
    let tried = attacks.count > 5 ? "\(attacks.count) attacks" : listed(attacks)
    let symbol = attacks.first.map(grid.budgetSymbol) ?? "ε"
    return "\(tried), \(symbol) = \(budgetText(epsilon)) in \(norm.symbol)"
  }

  private func comparedWithClean(_ model: String) -> String {
    grid.cleanCell(victim: model).map {
      ", compared with \(percent($0.accuracy))% without an attack"
    } ?? ""
  }

  /// The accuracy of one model, or the highest and the lowest accuracy of several.
  var number: KeyNumber {
    guard let best = rows.max(by: { $0.accuracy < $1.accuracy }),
      let worst = rows.min(by: { $0.accuracy < $1.accuracy })
    else { preconditionFailure("a headline without models") }
    let figure = percent(best.accuracy) + "%"
    if rows.count == 1 {
      return KeyNumber(
        figure: figure,
        sentence: """
          \(circumstances), \(best.victim) classifies \(figure) of \
          the images correctly (95% interval \(percent(best.interval)))\
          \(comparedWithClean(best.victim)). \(reason)
          """)
    }
    func names(_ row: WorstCase) -> String {
      listed(rows.filter { percent($0.accuracy) == percent(row.accuracy) }.map(\.victim))
    }
    if percent(best.accuracy) == percent(worst.accuracy) {
      return KeyNumber(
        figure: figure,
        sentence: """
          \(circumstances), each of the \(rows.count) models \
          classifies \(figure) of the images correctly. \(reason)
          """)
    }
    return KeyNumber(
      figure: figure,
      sentence: """
        \(circumstances), the highest accuracy is \(figure) \
        (\(names(best))), and the lowest is \(percent(worst.accuracy))% (\(names(worst))). \
        \(lead.map { $0 + " " } ?? "")\(reason)
        """)
  }

  /// The accuracy of the first model without a defense, or of the first model if none is known to
  /// have none, under all attacks on itself; nil for a single model, whose number the headline is.
  var whiteBox: KeyNumber? {
    let undefended = grid.models.first { grid.provenance.model($0)?.isUndefended ?? false }
    guard rows.count > 1, let model = undefended ?? grid.sources.first,
      let row = rows.first(where: { $0.victim == model }), let right = row.rightUnderOwn
    else { return nil }
    let figure = percent(Double(right) / Double(row.images)) + "%"
    return KeyNumber(
      figure: figure,
      sentence: """
        Under the attacks on itself alone (white-box; \(name)), the \
        \(undefended == nil ? "" : "undefended ")model \(model) classifies \(figure) of the \
        images correctly\(comparedWithClean(model)).
        """)
  }
}

extension Leaderboard {
  /// By how much the first model is ahead of the next one that is worse beyond chance, or which models
  /// share the first rank.
  fileprivate var lead: String? {
    let first = rows.filter { $0.rank == 1 }
    guard rows.count > 1, let best = first.first else { return nil }
    if first.count > 1 {
      let names =
        first.count > 4
        ? "\(first.count) of the \(rows.count) models" : listed(first.map(\.model))
      return "\(names) share the first rank: the images do not show which of them is better."
    }
    guard let ahead = rows[1].behindFirst?.reversed,
      ahead.isCertain(among: ranking.comparisons)
    else { return nil }
    return "\(best.model) is \(percent(ahead.value)) points ahead of \(rows[1].model) (95% "
      + "interval, paired by image: \(percent(ahead.interval(among: ranking.comparisons))))."
  }
}
