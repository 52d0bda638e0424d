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
