import Foundation
import HumanStudy
import Support

/// The probabilities with which a simulated person gives each answer about an adversarial picture.
public struct SimulatedBehaviour: Equatable, Sendable {
  /// The probability of naming the target as the most plausible label.
  public var fooled: Double
  /// The probability of the answer "none of them". With the rest of the probability the person
  /// names the label of the image.
  public var none: Double
  /// The probability of naming the target as the second most plausible label after another one.
  public var second: Double

  /// - Throws: `Failure.usage` if a value is not a probability, or `fooled` and `none` add up to
  ///   more than 1.
  public init(fooled: Double, none: Double = 0.1, second: Double = 0.2) throws {
    for (name, value) in [("fooled", fooled), ("none", none), ("second", second)]
    where !(0...1).contains(value) {
      throw Failure.usage("--\(name) \(value): expected a probability from 0 to 1")
    }
    guard fooled + none <= 1 else {
      throw Failure.usage(
        "--fooled \(fooled) and --none \(none): expected probabilities that add up to at most 1")
    }
    self.fooled = fooled
    self.none = none
    self.second = second
  }
}

/// A simulated person who knows the key and answers with given probabilities.
///
/// An answer is reproducible: it depends on the seed and the picture only.
struct SimulatedPerson: Sendable {
  let key: [String: Stimulus]
  /// The behaviour for the pictures of each source model. Unchanged pictures are always named
  /// correctly.
  let behaviours: [String: SimulatedBehaviour]
  let classes: Int
  let seed: Seed

  func choice(_ trial: PageState.Trial) -> Choice {
    guard let stimulus = key[trial.stimulus] else { return .none }
    let chance = seed.derive("\(trial.stimulus) question \(trial.question)").uniform
    guard let source = stimulus.source, let target = stimulus.target,
      let behaviour = behaviours[source]
    else {
      return trial.question == 1 ? .label(stimulus.label) : .none
    }
    if trial.question == 2 {
      let isTarget = trial.first != target && chance < behaviour.second
      return isTarget ? .label(target) : .none
    }
    if chance < behaviour.fooled { return .label(target) }
    return chance < behaviour.fooled + behaviour.none ? .none : .label(stimulus.label)
  }

  /// The response time in milliseconds: 400 plus an exponentially distributed time with the mean
  /// 1,200.
  func milliseconds(_ trial: PageState.Trial) -> Double {
    let chance = seed.derive("\(trial.stimulus) time \(trial.question)").uniform
    return 400 - 1_200 * log(1 - chance)
  }
}

extension Seed {
  /// A uniformly distributed number of at least 0 and less than 1, from the upper 53 bits of the
  /// seed.
  fileprivate var uniform: Double { Double(value >> 11) * 0x1p-53 }
}
