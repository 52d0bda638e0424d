import ModelCore
import Support

/// A way to change images so that a classifier errs.
///
/// A new attack is one file with a type that conforms, and one line in `AttackRegistry`. An attack only perturbs: the
/// caller checks range and budget (`Perturbation.check`) and decides what succeeded.
public protocol Attack: Sendable {
  /// Its name on the command line and in experiment files.
  static var name: String { get }
  /// Its name in the literature.
  static var title: String { get }
  /// One line for lists and help.
  static var summary: String { get }
  /// What it wants unless told otherwise.
  static var defaultGoal: GoalRule { get }

  /// Reads its settings; the settings' defaults are the attack's.
  init(_ settings: Settings) throws

  /// Its settings as they are in force, for records and fingerprints.
  var parameters: [String: String] { get }

  /// The norm its budgets are measured in.
  var norm: Norm { get }

  /// Adversarial images for images `[N, C, H, W]`, in their shape, at most `threat.epsilon` away.
  ///
  /// The classifier is in evaluation behaviour unless the caller wants otherwise; nothing of it changes.
  func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier, random: RandomSource
  ) -> Tensor
}

/// An attack whose perturbation is one direction scaled by ε: all budgets of a sweep share one gradient.
public protocol OneDirectionAttack: Attack {
  /// The direction of length one (in its norm) to move images `[N, C, H, W]` in; zero where there is none.
  func direction(_ images: Tensor, _ goal: Goal, against classifier: any Classifier) -> Tensor
}

extension OneDirectionAttack {
  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier, random: RandomSource
  ) -> Tensor {
    moved(images, along: direction(images, goal, against: classifier), within: threat)
  }

  /// X' = clip(X + ε·direction)
  public func moved(_ images: Tensor, along direction: Tensor, within threat: ThreatModel) -> Tensor {
    (images + direction * threat.epsilon).clamped(to: threat.valueRange)
  }
}

extension Attack {
  public var parameters: [String: String] { [:] }

  /// Adversarial images for every budget, in the order given, with as few gradients as the attack allows.
  public func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier, random: Seed
  ) -> [Tensor] {
    let threats = epsilons.map { ThreatModel(norm, epsilon: $0, valueRange: classifier.valueRange) }
    if let attack = self as? any OneDirectionAttack {
      let direction = attack.direction(images, goal, against: classifier)
      return threats.map { attack.moved(images, along: direction, within: $0) }
    }
    return threats.map {
      let source = RandomSource(random.derive("epsilon \($0.epsilon)"), device: classifier.device)
      return perturb(images, goal, within: $0, against: classifier, random: source)
    }
  }
}
