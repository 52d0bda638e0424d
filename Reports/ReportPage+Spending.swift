import Attacks
import Evaluation
import Foundation
import Support

extension ReportPage {
  /// What every attack spent, and how large its perturbations became within its largest budget; nil
  /// if nobody counted.
  var spending: Section? {
    guard !grid.spending.isEmpty else { return nil }
    let norms = Norm.allCases.map(\.symbol)
    let rows = grid.spending.map { record in
      let last = record.reached.last
      let sizes = Norm.allCases.map { norm in
        last?.norms[norm.rawValue].map { "\(short($0.mean)) (\(short($0.largest)))" } ?? ""
      }
      return [
        record.attack, record.source, String(record.examples), short(record.forwardsPerExample),
        short(record.backwardsPerExample), last.map { short($0.epsilon) } ?? "",
      ] + sizes
    }
    return Section(
      id: "spending", heading: "What the attacks spent and reached",
      content: [
        Markup(
          "p", [:],
          "Passes through the attacked model for each example, for all budgets together; and within the largest budget the mean "
            + "size of the perturbations in every norm, with the largest in parentheses. ℓ0 counts features."
        ),
        table(
          "Spending",
          header: ["Attack", "Source", "Examples", "Forward", "Back", "Budget"] + norms, rows),
      ])
  }

  /// Four significant digits without an exponent.
  private func short(_ number: Double) -> String {
    guard number != 0 else { return "0" }
    let digits = max(0, 3 - Int(log10(abs(number)).rounded(.down)))
    let factor = pow(10, Double(min(digits, 6)))
    return ((number * factor).rounded() / factor).plainDecimal
  }
}
