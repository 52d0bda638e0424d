import ModelCore
import Support

/// A way to change images so that a classifier errs.
///
/// A new attack is one file with a type that conforms, and one line in `AttackRegistry`. An attack
/// only perturbs: the caller checks range and budget (`Perturbation.check`) and decides what
/// succeeded. Images are pictures `[N, C, H, W]` or rows of a table `[N, D]`.
public protocol Attack: Sendable {
  /// Its name on the command line and in experiment files.
  static var name: String { get }
  /// Its name in the literature.
  static var title: String { get }
  /// One line for lists and help.
  static var summary: String { get }
  /// Whether it never asks the classifier. Such a control is what real attacks must beat.
  static var isControl: Bool { get }
  /// How its budget is written: ε for most, and what that is called in settings.
  static var budgetSymbol: String { get }
  static var budgetName: String { get }
  /// What it wants unless told otherwise.
  static var defaultGoal: GoalRule { get }
  /// Whether a budget bounds its search. An attack that looks for the smallest perturbation has none.
  static var searchesWithinBudget: Bool { get }
  /// Whether it runs another attack, named in its settings. Such an attack cannot be run by one.
  static var runsAnotherAttack: Bool { get }
  /// Whether `frames` shows how it gets to its result.
  static var hasFrames: Bool { get }

  /// Reads its settings; the settings' defaults are the attack's.
  init(_ settings: Settings) throws

  /// Its settings as they are in force: what `init` would read to make the same attack again.
  var parameters: [String: String] { get }
  /// What else its results depend on, for records and fingerprints, such as a surrogate's weights.
  var dependencies: [String: String] { get }

  /// Refuses a classifier that it cannot be tried on.
  /// - Throws: `Failure` with what does not fit.
  func check(against classifier: any Classifier) throws

  /// The norm its perturbations are measured in.
  var norm: Norm { get }

  /// Whether it is defined for pictures only, and not for rows of a table.
  var needsPictures: Bool { get }

  /// The loss whose gradient's sign at the images is all that the attack does, times ε; nil if it
  /// does more. Training then needs no forward pass for it: see `InnerAttack`.
  var singleStepLoss: AttackLoss? { get }

  /// What it may do to images with a budget: for most attacks, to move them that far in its norm.
  func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel

  /// Adversarial images for `images`, in their shape, at most `threat.epsilon` away.
  ///
  /// The classifier is in evaluation behaviour unless the caller wants otherwise; nothing of it
  /// changes.
  /// - Parameter draws: the random numbers of these images, a row for each.
  func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor

  /// Adversarial images for every budget, in the order given, with as few gradients as the attack
  /// allows.
  func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor]

  /// What the images look like on the way to the attack's result; nil unless `hasFrames`.
  /// - Parameter shares: how many parts the budget is cut into, where the attack has no steps.
  func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor]?
}

extension Attack {
  public static var isControl: Bool { false }
  public static var budgetSymbol: String { "ε" }
  public static var budgetName: String { "epsilons" }
  public static var searchesWithinBudget: Bool { true }
  public static var runsAnotherAttack: Bool { false }
  public static var hasFrames: Bool { false }
  public var dependencies: [String: String] { [:] }
  public var needsPictures: Bool { false }
  public var singleStepLoss: AttackLoss? { nil }
  public func check(against classifier: any Classifier) throws {}

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    ThreatModel(norm, epsilon: budget, valueRange: classifier.valueRange)
  }

  public func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    epsilons.map { epsilon in
      perturb(
        images, goal, within: threat(epsilon, against: classifier), against: classifier,
        draws: draws.purpose("epsilon \(epsilon)"))
    }
  }

  public func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor]? { nil }

  /// What the images look like at every share of the budget.
  func framesByBudget(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor] {
    let budgets = (1...shares).map { epsilon * Double($0) / Double(shares) }
    return [images] + sweep(images, goal, epsilons: budgets, against: classifier, draws: draws)
  }
}

extension Attack where Self: Configurable {
  public var parameters: [String: String] {
    Dictionary(uniqueKeysWithValues: settingValues.map { ($0.name, $0.value) })
  }
}
