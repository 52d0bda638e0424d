import Attacks
import Evaluation
import Foundation
import Support

extension ReportPage {
  /// The section on what every attack cost and how large its perturbations are within its largest
  /// budget; nil if the grid does not say.
  var spending: Section? {
    guard !grid.spending.isEmpty else { return nil }
    let explanation = """
      “Forward” and “backward” are passes through the source model per example, for all budgets \
      together. The columns of norms give the size of the perturbations within the largest budget: \
      the mean, and the largest in parentheses. ℓ0 counts the changed features.
      """
    let costs = grid.spending.map { Cost(attack: $0.attack, source: $0.source, records: [$0]) }
    let each = costTable("Cost of the attacks", "Source", costs)
    let content: [Markup]
    if grid.isLarge {
      let overall = grid.attacks.map { attack in
        Cost(
          attack: attack, source: "all", records: grid.spending.filter { $0.attack == attack })
      }.filter { !$0.records.isEmpty }
      content = [
        costTable("Cost of the attacks over all source models", "Source", overall),
        folded("Every source model", [each]),
      ]
    } else {
      content = [each]
    }
    let link = files == .none ? [] : linkLine([("CSV", "figures/cost.csv", ", cost")])
    return Section(
      id: "spending", heading: "Cost of the attacks and size of the perturbations",
      content: [Markup("p", [:], explanation)] + content + link)
  }

  /// What an attack cost on one source model, or on several together.
  private struct Cost {
    let attack: String
    let source: String
    let records: [AttackSpending]

    /// The mean over the examples of all source models.
    func mean(_ value: (AttackSpending) -> Double) -> Double {
      let examples = records.map(\.examples).reduce(0, +)
      let sum = records.map { value($0) * Double($0.examples) }.reduce(0, +)
      return sum / Double(max(1, examples))
    }

    /// The mean and the largest size in a norm within the largest budget; nil if none is recorded.
    func size(_ norm: Norm) -> (mean: Double, largest: Double)? {
      let sizes = records.compactMap { $0.reached.last?.norms[norm.rawValue] }
      guard sizes.count == records.count, let largest = sizes.map(\.largest).max() else {
        return nil
      }
      return (mean { $0.reached.last?.norms[norm.rawValue]?.mean ?? 0 }, largest)
    }
  }

  private func costTable(_ name: String, _ source: String, _ costs: [Cost]) -> Markup {
    let rows = costs.map { cost in
      let sizes = Norm.allCases.map { norm in
        cost.size(norm).map { "\(short($0.mean)) (\(short($0.largest)))" } ?? ""
      }
      let examples = cost.records.map(\.examples).reduce(0, +)
      return [
        cost.attack, cost.source, String(examples), short(cost.mean(\.forwardsPerExample)),
        short(cost.mean(\.backwardsPerExample)),
        cost.records.first?.reached.last.map { short($0.epsilon) } ?? "",
      ] + sizes
    }
    let header =
      ["Attack", source, "Examples", "Forward", "Backward", "Budget"] + Norm.allCases.map(\.symbol)
    return table(name, header: header, rows)
  }

  /// The number to four significant digits, without an exponent.
  private func short(_ number: Double) -> String {
    guard number != 0 else { return "0" }
    let digits = max(0, 3 - Int(log10(abs(number)).rounded(.down)))
    let factor = pow(10, Double(min(digits, 6)))
    return ((number * factor).rounded() / factor).plainDecimal
  }
}

extension Grid {
  /// The cost of the attacks and the sizes of their perturbations as a table, with a row for each
  /// attack, source model and budget.
  func costCSV() -> String {
    let norms = Norm.allCases
    var table = CSV(
      header: (["attack", "source", "examples", "forwards", "backwards", "epsilon"]
        + norms.flatMap { ["\($0.rawValue)_mean", "\($0.rawValue)_largest"] }).joined(
          separator: ","))
    for record in spending {
      for reached in record.reached {
        let sizes = norms.flatMap { norm -> [String] in
          let size = reached.norms[norm.rawValue]
          return [size?.mean, size?.largest].map { $0?.plainDecimal ?? "" }
        }
        table.append(
          [
            record.attack, record.source, "\(record.examples)",
            record.forwardsPerExample.plainDecimal, record.backwardsPerExample.plainDecimal,
            reached.epsilon.plainDecimal,
          ] + sizes)
      }
    }
    return table.text
  }
}
