import Attacks
import Support

/// What a model still has right under everything that was tried on it within one budget, example by
/// example: the number an attacker who may choose would leave.
public struct WorstCase: Codable, Equatable, Sendable {
  public let victim: String
  /// The norm that the budget is in; attacks in other norms do not count.
  public let norm: String
  public let epsilon: Double
  /// The attacks that were tried within this budget.
  public let attacks: [String]
  /// How many images were attacked.
  public let images: Int
  /// How many of them stayed right under every attack on the model itself; nil if there was none.
  public let rightUnderOwn: Int?
  /// How many stayed right under every attack on any model.
  public let rightUnderAll: Int

  /// Wilson's 95% interval of the accuracy under all.
  public var interval: ClosedRange<Double> { wilsonInterval(successes: rightUnderAll, of: images) }
}

extension [TransferResult] {
  /// The worst case for every victim, norm and budget above 0, over the attacks that saw as many
  /// images as the most did.
  func worstCases(_ plans: [AttackPlan]) -> [WorstCase] {
    let victims = first?.victims ?? []
    return Norm.allCases.flatMap { norm in
      let names = plans.filter { $0.attack.norm == norm }.map(\.name)
      let attacked = filter { names.contains($0.attack) }
      let images = attacked.map(\.imageCount).max() ?? 0
      let compared = attacked.filter { $0.imageCount == images }
      let epsilons = Set(compared.flatMap(\.epsilons)).filter { $0 > 0 }.sorted()
      return epsilons.flatMap { epsilon in
        let tried = compared.filter { $0.epsilons.contains(epsilon) }
        return victims.map { victim in
          func right(_ results: [TransferResult]) -> Int? {
            results.compactMap { $0.rightImages(epsilon, victim) }.reduce(nil as [Bool]?) {
              sofar, next in
              sofar.map { zip($0, next).map { $0 && $1 } } ?? next
            }?.trueCount
          }
          return WorstCase(
            victim: victim, norm: norm.rawValue, epsilon: epsilon,
            attacks: names.filter { name in tried.contains { $0.attack == name } }, images: images,
            rightUnderOwn: right(tried.filter { $0.source == victim }),
            rightUnderAll: right(tried) ?? 0)
        }
      }
    }
  }
}

extension TransferResult {
  var imageCount: Int { labels.count / examplesPerImage }

  /// The images of which a victim had every example within a budget right.
  fileprivate func rightImages(_ epsilon: Double, _ victim: String) -> [Bool]? {
    right(epsilon, victim).map { answers in
      (0..<imageCount).map { image in
        answers[(image * examplesPerImage)..<((image + 1) * examplesPerImage)].allSatisfy(\.self)
      }
    }
  }
}

extension [WorstCase] {
  /// As a table; accuracies are fractions, and the interval is that of the accuracy under all.
  public func csv() -> String {
    var table = CSV(
      header:
        "victim,norm,epsilon,attacks,images,accuracy_under_own,accuracy_under_all,ci_low,ci_high")
    for row in self {
      func share(_ count: Int) -> String {
        (Double(count) / Double(row.images)).roundedToMillionths.plainDecimal
      }
      table.append([
        row.victim, row.norm, row.epsilon.plainDecimal, row.attacks.joined(separator: " "),
        "\(row.images)",
        row.rightUnderOwn.map(share) ?? "", share(row.rightUnderAll),
        row.interval.lowerBound.roundedToMillionths.plainDecimal,
        row.interval.upperBound.roundedToMillionths.plainDecimal,
      ])
    }
    return table.text
  }
}
