import ModelCore
import Support

/// A way to change images so that a classifier errs.
///
/// A new attack is one file with a type that conforms, and one line in `AttackRegistry`. An attack
/// only perturbs: the caller checks range and budget (`Perturbation.check`) and decides what
/// succeeded.
public protocol Attack: Sendable {
  /// Its name on the command line and in experiment files.
  static var name: String { get }
  /// Its name in the literature.
  static var title: String { get }
  /// One line for lists and help.
  static var summary: String { get }
  /// Whether it never asks the classifier: what real attacks must beat.
  static var isControl: Bool { get }
  /// How its budget is written: ε for most, and what that is called in settings.
  static var budgetSymbol: String { get }
  static var budgetName: String { get }
  /// What it wants unless told otherwise.
  static var defaultGoal: GoalRule { get }

  /// Reads its settings; the settings' defaults are the attack's.
  init(_ settings: Settings) throws

  /// Its settings as they are in force: what `init` would read to make the same attack again.
  var parameters: [String: String] { get }
  /// What else its results depend on, for records and fingerprints: a surrogate's weights.
  var dependencies: [String: String] { get }

  /// Refuses a classifier that it cannot be tried on.
  /// - Throws: `Failure` with what does not fit.
  func check(against classifier: any Classifier) throws

  /// The norm its perturbations are measured in.
  var norm: Norm { get }

  /// What it may do to images with a budget: for most attacks, to be that far away in its norm.
  func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel

  /// Adversarial images for images `[N, C, H, W]`, in their shape, at most `threat.epsilon` away.
  ///
  /// The classifier is in evaluation behaviour unless the caller wants otherwise; nothing of it
  /// changes.
  func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor
}

/// An attack whose perturbation is one direction scaled by ε: all budgets of a sweep share one
/// gradient.
public protocol OneDirectionAttack: Attack {
  /// The direction of length one (in its norm) to move images `[N, C, H, W]` in; zero where there
  /// is none.
  func direction(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, random: RandomSource
  ) -> Tensor
}

extension OneDirectionAttack {
  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    moved(
      images, along: direction(images, goal, against: classifier, random: random), within: threat)
  }

  /// X' = clip(X + ε·direction)
  public func moved(_ images: Tensor, along direction: Tensor, within threat: ThreatModel) -> Tensor
  {
    (images + direction * threat.epsilon).clamped(to: threat.valueRange)
  }
}

/// An attack that walks one path, and whose budget only says how far: all budgets of a sweep share
/// one walk.
public protocol OnePathAttack: Attack {
  /// Adversarial images `[N, C, H, W]` for each of several budgets, in the order given: the places
  /// on the path of each image where they end.
  func pathSweep(
    _ images: Tensor, _ goal: Goal, within threats: [ThreatModel],
    against classifier: any Classifier,
    random: RandomSource
  ) -> [Tensor]
}

extension OnePathAttack {
  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    pathSweep(images, goal, within: [threat], against: classifier, random: random)[0]
  }
}

/// An attack without a budget: it looks for the smallest perturbation that reaches the goal.
///
/// Within a budget ε its result is that perturbation where it is small enough, and the unchanged
/// image elsewhere; so a sweep over budgets costs one run.
public protocol SmallestPerturbationAttack: Attack {
  /// Adversarial images as near as the attack can find them; unchanged where it found none.
  func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, random: RandomSource
  ) -> Tensor
}

extension SmallestPerturbationAttack {
  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> Tensor {
    kept(nearest(images, goal, against: classifier, random: random), of: images, within: threat)
  }

  /// The adversarial images that are within the budget, the originals elsewhere.
  func kept(_ adversarial: Tensor, of images: Tensor, within threat: ThreatModel) -> Tensor {
    let near = threat.norm.size(adversarial - images).isAtMost(threat.epsilon)
    return near.perImage(like: images).choose(adversarial, else: images)
  }
}

extension Attack {
  public static var isControl: Bool { false }
  public static var budgetSymbol: String { "ε" }
  public static var budgetName: String { "epsilons" }
  public var parameters: [String: String] { [:] }
  public var dependencies: [String: String] { [:] }
  public func check(against classifier: any Classifier) throws {}

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    ThreatModel(norm, epsilon: budget, valueRange: classifier.valueRange)
  }

  /// Adversarial images for every budget, in the order given, with as few gradients as the attack
  /// allows.
  public func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    random: Seed
  ) -> [Tensor] {
    let threats = epsilons.map { threat($0, against: classifier) }
    switch self {
    case let attack as any OneDirectionAttack:
      let source = RandomSource(random, device: classifier.device)
      let direction = attack.direction(images, goal, against: classifier, random: source)
      return threats.map { attack.moved(images, along: direction, within: $0) }
    case let attack as any OnePathAttack:
      let source = RandomSource(random, device: classifier.device)
      return attack.pathSweep(images, goal, within: threats, against: classifier, random: source)
    case let attack as SurrogateTransfer:
      return attack.attack.sweep(
        images, goal, epsilons: epsilons, against: attack.surrogate, random: random)
    case let attack as any SmallestPerturbationAttack:
      let source = RandomSource(random, device: classifier.device)
      let nearest = attack.nearest(images, goal, against: classifier, random: source)
      return threats.map { attack.kept(nearest, of: images, within: $0) }
    default:
      return zip(epsilons, threats).map { epsilon, threat in
        let source = RandomSource(random.derive("epsilon \(epsilon)"), device: classifier.device)
        return perturb(images, goal, within: threat, against: classifier, random: source)
      }
    }
  }
}
