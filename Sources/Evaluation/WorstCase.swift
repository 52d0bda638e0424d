import Attacks
import Support

/// How many images a victim classifies correctly under every attack within one budget. This is what
/// remains against an attacker who chooses the best attack for each image.
public struct WorstCase: Codable, Equatable, Sendable {
  public let victim: String
  /// The norm of the budget. Attacks in other norms do not count.
  public let norm: String
  public let epsilon: Double
  /// The attacks that were run with this budget.
  public let attacks: [String]
  /// The number of images that were attacked.
  public let images: Int
  /// How many of them the victim classifies correctly under every attack on itself; nil if there is
  /// no such attack.
  public let rightUnderOwn: Int?
  /// How many of them the victim classifies correctly under every attack on any model.
  public let rightUnderAll: Int

  /// The Wilson 95 % interval of the accuracy under the attacks on any model.
  public var interval: ClosedRange<Double> { wilsonInterval(successes: rightUnderAll, of: images) }
}

extension [TransferResult] {
  /// The worst case for every victim, norm and budget above 0. Only the attacks that were given the
  /// largest number of images count.
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
  /// The number of images that were attacked.
  var imageCount: Int { labels.count / examplesPerImage }

  /// For each image, whether a victim classified all of its examples within a budget correctly.
  fileprivate func rightImages(_ epsilon: Double, _ victim: String) -> [Bool]? {
    right(epsilon, victim).map { answers in
      (0..<imageCount).map { image in
        answers[(image * examplesPerImage)..<((image + 1) * examplesPerImage)].allSatisfy(\.self)
      }
    }
  }
}

extension [WorstCase] {
  /// The worst cases as a table. Accuracies are fractions, and the interval is that of
  /// `accuracy_under_all`.
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
