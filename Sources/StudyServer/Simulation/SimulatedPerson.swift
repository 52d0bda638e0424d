import Foundation
import HumanStudy
import Support

/// What a simulated person makes of pictures: with which probability they name what.
public struct SimulatedBehaviour: Equatable, Sendable {
  /// Probability that the class its model sees is named as most plausible.
  public var fooled: Double
  /// Probability of the answer "none of them".
  public var none: Double
  /// Probability that somebody who named another class first names the model's as second most
  /// plausible.
  public var second: Double

  /// - Throws: `Failure.usage` for what are no probabilities.
  public init(fooled: Double, none: Double = 0.1, second: Double = 0.2) throws {
    for (name, value) in [("fooled", fooled), ("none", none), ("second", second)]
    where !(0...1).contains(value) {
      throw Failure.usage("\(name) \(value): expected a probability from 0 to 1")
    }
    guard fooled + none <= 1 else {
      throw Failure.usage("fooled \(fooled) and none \(none) are more than 1 together")
    }
    self.fooled = fooled
    self.none = none
    self.second = second
  }
}

/// Somebody of stated behaviour, who knows the key and lets chance decide. What they do about a
/// picture depends on the seed and the picture alone.
struct SimulatedPerson: Sendable {
  let key: [String: Stimulus]
  /// By models; clean pictures are named rightly.
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

  /// Milliseconds until the answer: at least 400, 1,600 on average.
  func milliseconds(_ trial: PageState.Trial) -> Double {
    let chance = seed.derive("\(trial.stimulus) time \(trial.question)").uniform
    return 400 - 1_200 * log(1 - chance)
  }
}

extension Seed {
  /// A number from 0 up to 1 that depends on the seed alone.
  fileprivate var uniform: Double { Double(value >> 11) * 0x1p-53 }
}
