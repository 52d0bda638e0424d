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

  /// A headline for each norm of the grid's attacks.
  /// - Parameters:
  ///   - attack: the attack that the other key numbers describe; its norm comes first.
  ///   - epsilon: the budget for this norm. Other norms have their middle budget.
  static func all(_ grid: Grid, attack: String, epsilon: Double) -> [Headline] {
    let first = grid.provenance.attack(attack)?.parameters["norm"]
    let norms =
      Norm.allCases.filter { $0.rawValue == first }
      + Norm.allCases.filter { $0.rawValue != first }
    return norms.compactMap { norm in
      let here = grid.worstCases.filter { $0.norm == norm.rawValue && $0.images > 0 }
      let budgets = Set(here.map(\.epsilon)).sorted()
      guard !budgets.isEmpty else { return nil }
      let isSubject = norm.rawValue == first && budgets.contains(epsilon)
      let budget = isSubject ? epsilon : budgets[budgets.count / 2]
      return Headline(
        grid: grid, norm: norm, epsilon: budget, rows: here.filter { $0.epsilon == budget })
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
          \(comparedWithClean(best.victim)).
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
          classifies \(figure) of the images correctly.
          """)
    }
    return KeyNumber(
      figure: figure,
      sentence: """
        \(circumstances), the highest accuracy is \(figure) \
        (\(names(best))), and the lowest is \(percent(worst.accuracy))% (\(names(worst))).
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
