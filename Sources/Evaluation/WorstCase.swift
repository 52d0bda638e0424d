import Attacks
import Support

/// How many images a victim classifies correctly unchanged and under every attack within a budget.
/// This is what remains against an attacker who chooses the best attack for each image.
///
/// An example within a smaller budget is within a larger one too. So the number never rises with the
/// budget, and is at most the number of unchanged images that the victim classifies correctly.
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

  /// The fraction of the images that the victim classifies correctly under the attacks on any model.
  public var accuracy: Double { Double(rightUnderAll) / Double(images) }

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
      let reaches = compared.map { $0.reaches(norm) }
      let fooling = victims.map { victim in
        zip(compared, reaches).map { $0.foolingBudgets(victim, $1) }
      }
      return epsilons.flatMap { epsilon -> [WorstCase] in
        let tried = compared.indices.filter { place in
          zip(compared[place].epsilons, reaches[place]).contains { budget, reach in
            budget > 0 && reach.contains { $0 <= epsilon }
          }
        }
        guard !tried.isEmpty else { return [] }
        return victims.enumerated().map { number, victim in
          func right(_ places: [Int]) -> Int {
            (0..<images).count { image in
              places.allSatisfy { fooling[number][$0][image] > epsilon }
            }
          }
          let own = tried.filter { compared[$0].source == victim }
          return WorstCase(
            victim: victim, norm: norm.rawValue, epsilon: epsilon,
            attacks: names.filter { name in tried.contains { compared[$0].attack == name } },
            images: images, rightUnderOwn: own.isEmpty ? nil : right(own),
            rightUnderAll: right([Int](compared.indices)))
        }
      }
    }
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

  /// For each image, the smallest budget within which a victim misclassifies one of its examples:
  /// 0 if it misclassifies the unchanged image, and ∞ if it classifies all examples correctly.
  fileprivate func foolingBudgets(_ victim: String, _ reaches: [[Double]]) -> [Double] {
    var smallest = [Double](repeating: .infinity, count: imageCount)
    guard let place = victims.firstIndex(of: victim) else { return smallest }
    for (example, isWrong) in clean.select(0, place).differs(from: labels).int64s().enumerated()
    where isWrong != 0 {
      smallest[example / examplesPerImage] = 0
    }
    for (budget, epsilon) in epsilons.enumerated() {
      let right = right(epsilon, victim) ?? []
      for (example, isRight) in right.enumerated() where !isRight {
        let image = example / examplesPerImage
        smallest[image] = Swift.min(smallest[image], reaches[budget][example])
      }
    }
    return smallest
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
