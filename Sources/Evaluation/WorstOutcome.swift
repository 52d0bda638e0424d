import Attacks

/// Which images each victim classifies correctly unchanged and under every attack within a budget.
struct WorstOutcome {
  /// The norm of the budget. Attacks in other norms do not count.
  let norm: Norm
  let epsilon: Double
  /// The attacks that were run within this budget: with this one or a smaller one.
  let attacks: [String]
  /// The other attacks, and why they do not count.
  let leftOut: [LeftOutAttack]
  let victims: [String]
  /// For each victim, whether it classifies each image correctly unchanged.
  let rightUnchanged: [[Bool]]
  /// For each victim, whether it classifies each image correctly under every attack on any model.
  let right: [[Bool]]
  /// For each victim, how many images it classifies correctly under every attack on itself; nil if
  /// there is no such attack.
  let rightUnderOwn: [Int?]

  /// The number of images.
  var images: Int { right.first?.count ?? 0 }
}

/// An attack that does not count in a worst case.
public struct LeftOutAttack: Codable, Equatable, Sendable {
  public let attack: String
  public let reason: Reason

  /// Why an attack does not count.
  public enum Reason: String, Codable, Sendable {
    /// Its budget is a size in another norm.
    case anotherNorm
    /// Its budget is not the size of a perturbation, but for example an angle or a severity.
    case budgetIsNoSize
    /// It was given fewer images than others.
    case fewerImages
    /// It has no example within the budget: its budgets are larger, or it goes farther than they say.
    case fartherAway
  }
}

extension AttackPlan {
  /// The attack's name, and the norm in which its budget is a size; nil if it is none.
  var sizeOfBudget: SizeOfBudget {
    SizeOfBudget(attack: name, norm: type(of: attack).budgetIsSize ? attack.norm : nil)
  }
}

/// The norm in which an attack's budget is the size of a perturbation; nil if it is none.
struct SizeOfBudget {
  let attack: String
  let norm: Norm?
}

extension [TransferResult] {
  /// The worst case for every norm and budget above 0. Only the attacks that were given the largest
  /// number of images, and whose budget is a size in the norm, count.
  func worstOutcomes(_ sizes: [SizeOfBudget]) -> [WorstOutcome] {
    let victims = first?.victims ?? []
    return Norm.allCases.flatMap { norm in
      let names = sizes.filter { $0.norm == norm }.map(\.attack)
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
      return epsilons.compactMap { epsilon -> WorstOutcome? in
        let tried = zip(compared, reached).filter { $0.1 <= epsilon }.map(\.0)
        guard !tried.isEmpty else { return nil }
        let counted = Set(tried.map(\.attack))
        return WorstOutcome(
          norm: norm, epsilon: epsilon, attacks: names.filter(counted.contains),
          leftOut: sizes.filter { !counted.contains($0.attack) }.map { size in
            let hasFewer = !compared.contains { $0.attack == size.attack }
            return LeftOutAttack(
              attack: size.attack,
              reason: size.norm == nil
                ? .budgetIsNoSize
                : size.norm != norm ? .anotherNorm : hasFewer ? .fewerImages : .fartherAway)
          },
          victims: victims, rightUnchanged: fooling.map { $0.all.map { $0 > 0 } },
          right: fooling.map { $0.all.map { $0 > epsilon } },
          rightUnderOwn: zip(victims, fooling).map { victim, budgets in
            tried.contains { $0.source == victim } ? budgets.own.count { $0 > epsilon } : nil
          })
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
