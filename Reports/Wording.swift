import Attacks
import Evaluation
import Foundation
import Support

/// A fraction in percent to one decimal, without the percent sign: 0.07 is "7.0".
func percent(_ fraction: Double) -> String {
  let tenths = Int((fraction * 1000).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}

/// An interval of fractions in percent: "4.5–10.8".
func percent(_ interval: ClosedRange<Double>) -> String {
  percent(interval.lowerBound) + "–" + percent(interval.upperBound)
}

/// A budget for a figure or a heading: exact if that is short, otherwise to three significant
/// digits, so that 8/255 is "0.0314".
func budgetText(_ budget: Double) -> String {
  let exact = budget.plainDecimal
  guard exact.count > 5, budget > 0 else { return exact }
  let scale = pow(10, max(0, 2 - log10(budget).rounded(.down)))
  return ((budget * scale).rounded() / scale).plainDecimal
}

/// Names joined for a sentence: "a", "a and b", "a, b and c".
func listed(_ names: [String]) -> String {
  guard let last = names.last, names.count > 1 else { return names.first ?? "" }
  return names.dropLast().joined(separator: ", ") + " and " + last
}

/// A number with its noun: "1 model", "5 models".
func counted(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}

extension ClosedRange<Double> {
  /// "0 to 255".
  var words: String { "\(lowerBound.plainDecimal) to \(upperBound.plainDecimal)" }
}

extension Grid {
  /// An attack and a budget as every figure and table names them: "fgsm, ε = 0.4".
  func heading(_ attack: String, _ epsilon: Double) -> String {
    "\(attack), \(budgetSymbol(attack)) = \(budgetText(epsilon))"
  }

  func budgetSymbol(_ attack: String) -> String { provenance.attack(attack)?.budgetSymbol ?? "ε" }

  /// The valid range of the data's values; nil if it is [0, 1] or not recorded.
  private var ownRange: ClosedRange<Double>? {
    provenance.valueRange.flatMap { $0 == 0...1 ? nil : $0 }
  }

  /// The sentence about the unit of budgets; nil for data in [0, 1].
  var unitSentence: String? {
    ownRange.map { "Budgets are in the data's own unit; valid values range from \($0.words)." }
  }

  /// The title of an axis of an attack's budgets, with the unit unless the data are in [0, 1].
  func budgetAxis(_ attack: String) -> String {
    // Budgets in ℓ0 are shares of the features, and those with another symbol than ε are shares,
    // severities or factors. They have no unit.
    let record = provenance.attack(attack)
    let hasNone =
      record?.parameters["norm"] == Norm.l0.rawValue || budgetSymbol(attack) != "ε"
    return "budget " + budgetSymbol(attack)
      + (ownRange == nil || hasNone ? "" : ", in the data's unit")
  }

  /// An attack's budgets above 0.
  func positiveBudgets(for attack: String) -> [Double] { epsilons(for: attack).filter { $0 > 0 } }

  /// The budget that a report shows first: the middle one of those above 0; nil if there is none.
  public func middleBudget(for attack: String) -> Double? {
    let budgets = positiveBudgets(for: attack)
    return budgets.isEmpty ? nil : budgets[budgets.count / 2]
  }

  /// A victim's result on unchanged images: the attack's own at budget 0 if there is one, otherwise
  /// the one of another attack with the most examples.
  func cleanCell(victim: String, attack: String? = nil) -> GridCell? {
    let clean = cells.filter { $0.epsilon == 0 && $0.victim == victim }
    return clean.first { $0.attack == attack } ?? clean.max { $0.examples < $1.examples }
  }
}
