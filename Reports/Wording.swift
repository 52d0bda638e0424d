import Evaluation
import Foundation
import Support

/// A fraction in percent to one decimal, without the sign: 7.0.
func percent(_ fraction: Double) -> String {
  let tenths = Int((fraction * 1000).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}

/// An interval of fractions in percent: 4.5–10.8.
func percent(_ interval: ClosedRange<Double>) -> String {
  percent(interval.lowerBound) + "–" + percent(interval.upperBound)
}

/// A budget in a figure or a heading: as it is if that is short, else to three significant digits,
/// as 8/255 = 0.0314.
func budgetText(_ budget: Double) -> String {
  let exact = budget.plainDecimal
  guard exact.count > 5, budget > 0 else { return exact }
  let scale = pow(10, max(0, 2 - log10(budget).rounded(.down)))
  return ((budget * scale).rounded() / scale).plainDecimal
}

/// Names as a sentence lists them: "a", "a and b", "a, b and c".
func listed(_ names: [String]) -> String {
  guard let last = names.last, names.count > 1 else { return names.first ?? "" }
  return names.dropLast().joined(separator: ", ") + " and " + last
}

/// A number with its noun: "1 model", "5 models".
func counted(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}

extension Grid {
  /// An attack within a budget, as every figure and table calls it: "fgsm, ε = 0.4".
  func heading(_ attack: String, _ epsilon: Double) -> String {
    "\(attack), \(budgetSymbol(attack)) = \(budgetText(epsilon))"
  }

  func budgetSymbol(_ attack: String) -> String { provenance.attack(attack)?.budgetSymbol ?? "ε" }

  /// An attack's budgets above 0.
  func positiveBudgets(for attack: String) -> [Double] { epsilons(for: attack).filter { $0 > 0 } }

  /// The budget that a report speaks of first: the middle one of those above 0, or nil if there is
  /// none.
  public func middleBudget(for attack: String) -> Double? {
    let budgets = positiveBudgets(for: attack)
    return budgets.isEmpty ? nil : budgets[budgets.count / 2]
  }

  /// The victim's result on unchanged images: from the attack if that was measured at budget 0,
  /// else from any other.
  func cleanCell(victim: String, attack: String? = nil) -> GridCell? {
    let clean = cells.filter { $0.epsilon == 0 && $0.victim == victim }
    return clean.first { $0.attack == attack } ?? clean.max { $0.examples < $1.examples }
  }
}
