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

extension [WorstOutcome] {
  /// The counts of each victim.
  func worstCases() -> [WorstCase] {
    flatMap { outcome in
      outcome.victims.indices.map { place in
        WorstCase(
          victim: outcome.victims[place], norm: outcome.norm.rawValue, epsilon: outcome.epsilon,
          attacks: outcome.attacks, images: outcome.images,
          rightUnderOwn: outcome.rightUnderOwn[place],
          rightUnderAll: outcome.right[place].trueCount)
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
