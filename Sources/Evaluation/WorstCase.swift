import Attacks
import Support

/// How many images a victim classifies correctly unchanged and under every attack within a budget.
/// This is what remains against an attacker who chooses the best attack for each image.
///
/// An example within a smaller budget is within a larger one too. So the number never rises with
/// the budget, and is at most the number of unchanged images that the victim classifies correctly.
public struct WorstCase: Codable, Equatable, Sendable {
  public let victim: String
  /// The norm of the budget. Attacks in other norms do not count.
  public let norm: String
  public let epsilon: Double
  /// The attacks that were run within this budget: with this one or a smaller one.
  public let attacks: [String]
  /// The number of images.
  public let images: Int
  /// How many of them the victim classifies correctly under every attack on itself; nil if there is
  /// no such attack.
  public let rightUnderOwn: Int?
  /// How many of them the victim classifies correctly under every attack on any model.
  public let rightUnderAll: Int

  public init(
    victim: String, norm: String, epsilon: Double, attacks: [String], images: Int,
    rightUnderOwn: Int?, rightUnderAll: Int
  ) {
    self.victim = victim
    self.norm = norm
    self.epsilon = epsilon
    self.attacks = attacks
    self.images = images
    self.rightUnderOwn = rightUnderOwn
    self.rightUnderAll = rightUnderAll
  }

  /// The fraction of the images that the victim classifies correctly under the attacks on any
  /// model.
  public var accuracy: Double { Double(rightUnderAll) / Double(images) }

  /// The Wilson 95 % interval of the accuracy under the attacks on any model.
  public var interval: ClosedRange<Double> { wilsonInterval(successes: rightUnderAll, of: images) }
}

extension [TransferResult] {
  /// The worst case for every victim, norm and budget above 0. Only the attacks that were given the
  /// largest number of images, and whose budget is a size in the norm, count.
  func worstCases(_ plans: [AttackPlan]) -> [WorstCase] {
    let victims = first?.victims ?? []
    return Norm.allCases.flatMap { norm in
      let names = plans.filter { $0.attack.norm == norm && type(of: $0.attack).budgetIsSize }
        .map(\.name)
      let attacked = filter { names.contains($0.attack) }
      let images = attacked.map(\.imageCount).max() ?? 0
      let compared = attacked.filter { $0.imageCount == images }
      let epsilons = Set(compared.flatMap(\.epsilons)).filter { $0 > 0 }.sorted()
      var fooling = victims.map { FoolingBudgets(of: $0, images: images) }
      // The smallest budget within which each attack has an example.
      let reached = compared.map { result in
        let reaches = result.reaches(norm)
        let least =
          zip(result.epsilons, reaches).filter { $0.0 > 0 }.compactMap { $0.1.min() }.min()
          ?? .infinity
        for place in fooling.indices { fooling[place].add(result, reaches, from: least) }
        return least
      }
      return epsilons.flatMap { epsilon -> [WorstCase] in
        let tried = zip(compared, reached).filter { $0.1 <= epsilon }.map(\.0)
        guard !tried.isEmpty else { return [] }
        return zip(victims, fooling).map { victim, budgets in
          WorstCase(
            victim: victim, norm: norm.rawValue, epsilon: epsilon,
            attacks: names.filter { name in tried.contains { $0.attack == name } },
            images: images,
            rightUnderOwn: tried.contains { $0.source == victim }
              ? budgets.own.count { $0 > epsilon } : nil,
            rightUnderAll: budgets.all.count { $0 > epsilon })
        }
      }
    }
  }
}

/// For each image, the smallest budget within which a victim misclassifies one of its examples: 0
/// if it misclassifies the unchanged image, and ∞ if it classifies all examples correctly.
private struct FoolingBudgets {
  let victim: String
  /// Under all attacks.
  private(set) var all: [Double]
  /// Under the attacks on the victim itself, each from the smallest budget on within which it has
  /// an example.
  private(set) var own: [Double]

  init(of victim: String, images: Int) {
    self.victim = victim
    all = [Double](repeating: .infinity, count: images)
    own = all
  }

  /// Adds the examples of an attack.
  /// - Parameters:
  ///   - reaches: for each budget, the smallest budget that each example is within.
  ///   - least: the smallest budget within which the attack has an example.
  mutating func add(_ result: TransferResult, _ reaches: [[Double]], from least: Double) {
    guard let place = result.victims.firstIndex(of: victim) else { return }
    let clean = result.clean.select(0, place).differs(from: result.labels).int64s()
    for (example, isWrong) in clean.enumerated() where isWrong != 0 {
      lower(result, example, to: 0, from: least)
    }
    for (epsilon, reaches) in zip(result.epsilons, reaches) {
      let right = result.right(epsilon, victim) ?? []
      for (example, isRight) in right.enumerated() where !isRight {
        lower(result, example, to: reaches[example], from: least)
      }
    }
  }

  private mutating func lower(
    _ result: TransferResult, _ example: Int, to budget: Double, from least: Double
  ) {
    let image = example / result.examplesPerImage
    all[image] = min(all[image], budget)
    if result.source == victim { own[image] = min(own[image], max(least, budget)) }
  }
}

extension TransferResult {
  /// The number of images that were attacked.
  var imageCount: Int { labels.count / examplesPerImage }

  /// For each budget, the smallest budget that each example is within.
  ///
  /// This is the attack's own budget, unless the example is farther away. Attacks whose budget is
  /// that of one step, such as `ifgsm`, go farther. In ℓ0, budgets are shares of the features.
  fileprivate func reaches(_ norm: Norm) -> [[Double]] {
    let place = Norm.allCases.firstIndex(of: norm) ?? 0
    return epsilons.indices.map { budget in
      let epsilon = epsilons[budget]
      return sizes.select(0, budget).select(0, place).floats().map { size in
        norm == .l0 || Double(size) <= epsilon * 1.001 ? epsilon : Double(size)
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
