import Attacks
import Evaluation
import Foundation
import Support

extension ReportPage {
  /// The section on what every attack cost and how large its perturbations are within its largest
  /// budget; nil if the grid does not say.
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
      id: "spending", heading: "Cost of the attacks and size of the perturbations",
      content: [
        Markup(
          "p", [:],
          """
          “Forward” and “backward” are passes through the source model per example, for all \
          budgets together. The columns of norms give the size of the perturbations within the \
          largest budget: the mean, and the largest in parentheses. ℓ0 counts the changed \
          features.
          """),
        table(
          "Cost of the attacks",
          header: ["Attack", "Source", "Examples", "Forward", "Backward", "Budget"] + norms, rows),
      ])
  }

  /// The number to four significant digits, without an exponent.
  private func short(_ number: Double) -> String {
    guard number != 0 else { return "0" }
    let digits = max(0, 3 - Int(log10(abs(number)).rounded(.down)))
    let factor = pow(10, Double(min(digits, 6)))
    return ((number * factor).rounded() / factor).plainDecimal
  }
}
