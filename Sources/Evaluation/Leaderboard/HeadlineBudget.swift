import Attacks
import Support

/// The budget that stands for a norm in the summary and in the leaderboard of a report.
///
/// It is the middle one of those budgets within which the most attacks have examples, and of an even
/// number the larger one in the middle. The norm with the most attacks comes first. Neither choice
/// depends on an accuracy, so that nobody can choose the budget at which a model looks best.
public struct HeadlineBudget: Equatable, Sendable {
  public let norm: Norm
  public let epsilon: Double
  /// The attacks that count within it.
  public let attacks: [String]
  /// The budgets that it was chosen from, ascending.
  public let candidates: [Double]
  /// Whether there are further budgets, within which fewer attacks have examples.
  public let hasFurtherBudgets: Bool
}

extension [WorstCase] {
  /// The budget for each norm of the attacks, the norm with the most attacks first; empty if no
  /// attack has a budget above 0 that is the size of a perturbation.
  var headlineBudgets: [HeadlineBudget] {
    let all = Norm.allCases.compactMap { norm -> HeadlineBudget? in
      let here = filter { $0.norm == norm.rawValue && $0.images > 0 }
      guard let most = here.max(by: { $0.attacks.count < $1.attacks.count }) else { return nil }
      let all = Set(here.map(\.epsilon))
      let candidates = Set(
        here.filter { $0.attacks.count == most.attacks.count }.map(\.epsilon)
      ).sorted()
      return HeadlineBudget(
        norm: norm, epsilon: candidates[candidates.count / 2], attacks: most.attacks,
        candidates: candidates, hasFurtherBudgets: all.count > candidates.count)
    }
    // Norms with equally many attacks stay in their order.
    let order = all.enumerated().sorted {
      ($1.element.attacks.count, $0.offset) < ($0.element.attacks.count, $1.offset)
    }
    return order.map(\.element)
  }
}

extension Grid {
  /// The budget for each norm of the attacks, the norm with the most attacks first.
  public var headlineBudgets: [HeadlineBudget] { worstCases.headlineBudgets }
}
