import Attacks
import ModelCore
import Support

/// What every victim made of one attack's examples from one source, and what the attack spent on
/// them.
public struct TransferResult: Sendable {
  public let attack: String
  public let source: String
  public let victims: [String]
  public let epsilons: [Double]
  /// int64 `[budgets, victims, N]`
  public let predictions: Tensor
  /// What the victims make of the images as they are, for each example: int64 `[victims, N]`
  public let clean: Tensor
  /// int64 `[N]`
  public let labels: Tensor
  /// int64 `[N]`, −1: none
  public let targets: Tensor
  /// The perturbations' sizes in each norm, in the order of `Norm.allCases`: float32 `[budgets,
  /// norms, N]`
  public let sizes: Tensor
  /// How many examples were made of each image; those of an image stand in a row.
  public let examplesPerImage: Int
  /// For all examples and budgets. Zero seconds: not known, since the result was read from a file.
  public let cost: AttackCost
  /// The set-ups that computed it, in the order of the examples: several where an interrupted attack
  /// was continued by another.
  public let computed: [ComputationRecord]

  /// One cell for every budget and victim.
  public func cells() -> [GridCell] {
    let targeted = targets.isAtLeast(0).any().isTrue
    let count = { (truth: Tensor) in Int(truth.to(.int64).sum().scalar) }
    let right = victims.indices.map { clean.select(0, $0).equals(labels) }
    let source = victims.firstIndex(of: source)
    return epsilons.indices.flatMap { budget in
      victims.indices.map { victim in
        let predicted = predictions.select(0, budget).select(0, victim)
        let kept = predicted.equals(labels)
        return GridCell(
          attack: attack, epsilon: epsilons[budget], source: self.source, victim: victims[victim],
          examples: labels.count, images: labels.count / examplesPerImage, correct: count(kept),
          targetedHits: targeted ? count(predicted.equals(targets)) : nil,
          clean: source.map { source in
            let both = right[source].and(right[victim])
            return .init(bothRight: count(both), keptRight: count(both.and(kept)))
          })
      }
    }
  }

  /// What was spent and reached, for records.
  public func spending() -> AttackSpending {
    let count = Double(labels.count)
    let reached = epsilons.indices.map { budget in
      let sizes = Norm.allCases.indices.map {
        self.sizes.select(0, budget).select(0, $0).to(.float64)
      }
      let pairs = zip(Norm.allCases, sizes).map { norm, sizes in
        (
          norm.rawValue,
          ReachedSize(
            mean: sizes.mean().scalar.roundedToMillionths,
            largest: sizes.max().scalar.roundedToMillionths)
        )
      }
      return ReachedSizes(epsilon: epsilons[budget], norms: Dictionary(uniqueKeysWithValues: pairs))
    }
    return AttackSpending(
      attack: attack, source: source, examples: labels.count,
      forwardsPerExample: (Double(cost.forwards) / count).roundedToMillionths,
      backwardsPerExample: (Double(cost.backwards) / count).roundedToMillionths, reached: reached)
  }
}

/// What one attack spent on one source, and how large its perturbations became.
public struct AttackSpending: Codable, Equatable, Sendable {
  public let attack: String
  public let source: String
  public let examples: Int
  /// Passes through the attacked model for each example, for all budgets together.
  public let forwardsPerExample: Double
  public let backwardsPerExample: Double
  /// One for each budget, ascending.
  public let reached: [ReachedSizes]
}

/// The sizes of perturbations within one budget, in every norm by its name.
public struct ReachedSizes: Codable, Equatable, Sendable {
  public let epsilon: Double
  public let norms: [String: ReachedSize]
}

/// The sizes of many perturbations in one norm.
public struct ReachedSize: Codable, Equatable, Sendable {
  public let mean: Double
  public let largest: Double
}
