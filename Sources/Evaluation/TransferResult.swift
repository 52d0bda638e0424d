import Attacks
import ModelCore
import Support

/// The predictions of every victim for the examples that one attack made on one source model, and
/// the cost of the attack. N is the number of examples.
public struct TransferResult: Sendable {
  public let attack: String
  public let source: String
  public let victims: [String]
  public let epsilons: [Double]
  /// The class that each victim predicts for each example, int64 `[budgets, victims, N]`; −1 if a
  /// logit is not a number (NaN).
  public let predictions: Tensor
  /// The class that each victim predicts for the unchanged image of each example, int64
  /// `[victims, N]`.
  public let clean: Tensor
  /// The true labels, int64 `[N]`.
  public let labels: Tensor
  /// The target classes, int64 `[N]`; −1 for an untargeted attack, and for an image that a targeted
  /// attack leaves as it is because it has the target's label.
  public let targets: Tensor
  /// The size of each perturbation in each norm, in the order of `Norm.allCases`, float32
  /// `[budgets, norms, N]`.
  public let sizes: Tensor
  /// The number of examples of each image. The examples of an image follow each other.
  public let examplesPerImage: Int
  /// The cost of all examples and budgets. The seconds are 0 if the result was read from a file.
  public let cost: AttackCost
  /// The set-ups that computed the result, in the order of the examples. There are several if an
  /// interrupted attack was continued by another set-up.
  public let computed: [ComputationRecord]
  /// The index of each example's image in the data set, int64 `[N]`, if the images are a sample of
  /// it; nil if they are its first images, in its order.
  public var index: Tensor?
  /// Whether each victim is right about each example in each judgement, uint8 `[judgements,
  /// budgets, victims, N]`; nil if there is one judgement, whose predictions the result has. The
  /// first judgement is that of the predictions.
  public var judged: Tensor?

  /// The places of the examples that were attacked, int64 `[M]`, if some were left out; nil if all
  /// were attacked.
  var attacked: Tensor? {
    let aimed = targets.isAtLeast(0)
    guard aimed.any().isTrue, !aimed.all().isTrue else { return nil }
    return aimed.nonzero.reshaped([-1])
  }

  /// How many examples were left out because the image has the target's label.
  var excluded: Int { attacked.map { labels.count - $0.count } ?? 0 }

  /// The same result with the attacked examples alone. All rates and sizes are those of attacked
  /// examples.
  func withoutExcluded() -> TransferResult {
    guard let rows = attacked else { return self }
    return TransferResult(
      attack: attack, source: source, victims: victims, epsilons: epsilons,
      predictions: predictions.indexSelect(2, rows), clean: clean.indexSelect(1, rows),
      labels: labels.indexSelect(0, rows), targets: targets.indexSelect(0, rows),
      sizes: sizes.indexSelect(2, rows), examplesPerImage: examplesPerImage, cost: cost,
      computed: computed, judged: judged?.indexSelect(3, rows))
  }

  /// A cell for each budget and victim.
  public func cells() -> [GridCell] {
    withoutExcluded().cells(excluded: excluded)
  }

  private func cells(excluded: Int) -> [GridCell] {
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
          targetedHits: targeted ? count(predicted.equals(targets)) : nil, excluded: excluded,
          clean: source.map { source in
            let both = right[source].and(right[victim])
            return .init(bothRight: count(both), keptRight: count(both.and(kept)))
          },
          judgements: judged.map {
            Judgements(right: $0.select(1, budget).select(1, victim))
          })
      }
    }
  }

  /// The cost per example, and the mean and the largest size of the perturbations.
  public func spending() -> AttackSpending { withoutExcluded().spent() }

  private func spent() -> AttackSpending {
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

/// The cost of one attack on one source model, and the sizes of its perturbations.
public struct AttackSpending: Codable, Equatable, Sendable {
  public let attack: String
  public let source: String
  public let examples: Int
  /// The forward passes through the source model per example, for all budgets together.
  public let forwardsPerExample: Double
  /// The backward passes through the source model per example, for all budgets together.
  public let backwardsPerExample: Double
  /// The sizes of the perturbations for each budget, in ascending order of the budget.
  public let reached: [ReachedSizes]
}

/// The sizes of the perturbations within one budget.
public struct ReachedSizes: Codable, Equatable, Sendable {
  public let epsilon: Double
  /// The size in each norm, by the name of the norm.
  public let norms: [String: ReachedSize]
}

/// The mean and the largest size of many perturbations in one norm.
public struct ReachedSize: Codable, Equatable, Sendable {
  public let mean: Double
  public let largest: Double
}
