import Foundation
import ModelCore
import Support

/// A method that changes images so that a classifier makes mistakes.
///
/// To add an attack, write one file with a type that conforms to this protocol, and add one line to
/// `AttackRegistry`.
///
/// An attack only changes images. Its caller checks the pixel range and the budget
/// (`Perturbation.check`) and decides which images reach the goal. Images are pictures
/// `[N, C, H, W]` or rows of a table `[N, D]`, in float32, with values in the classifier's
/// `valueRange`.
///
///     let draws = ExampleDraws(Seed(1), examples: Array(0..<images.shape[0]))
///     let adversarial = ProjectedGradientDescent().sweep(
///       images, .away(from: labels), epsilons: [0.1], against: classifier, draws: draws)[0]
public protocol Attack: Sendable {
  /// The name on the command line and in experiment files.
  static var name: String { get }
  /// The name in the literature.
  static var title: String { get }
  /// A description of one line, for lists and help.
  static var summary: String { get }
  /// Whether the attack does not use the attacked model. Such an attack is a control: an attack
  /// that uses the model must find more adversarial examples.
  static var isControl: Bool { get }
  /// The symbol of the budget: ε for most attacks.
  static var budgetSymbol: String { get }
  /// The name of the budget in settings.
  static var budgetName: String { get }
  /// Whether the budget says how large a perturbation may be in the norm. It is false if the budget
  /// counts something else, such as the severity of a corruption: the worst case within a budget
  /// then leaves the attack out.
  static var budgetIsSize: Bool { get }
  /// The goal of the attack, unless the settings give another one.
  static var defaultGoal: GoalRule { get }
  /// Whether the attack searches within a given budget. It is false for an attack that looks for
  /// the smallest perturbation: such an attack has no budget.
  static var searchesWithinBudget: Bool { get }
  /// Whether the attack runs another attack. Such an attack cannot be run by another one.
  static var runsAnotherAttack: Bool { get }
  /// Whether `frames` shows intermediate images.
  static var hasFrames: Bool { get }

  /// Creates the attack from settings. A setting that is not given keeps its default.
  /// - Throws: `Failure` if a setting has no valid value.
  init(_ settings: Settings) throws

  /// The settings in force. From these settings, `init` creates the same attack again.
  var parameters: [String: String] { get }
  /// Everything else that the results depend on, for records and fingerprints. An example is the
  /// fingerprint of the weights of a source model.
  var dependencies: [String: String] { get }

  /// The files that the attack was made from, such as that of a surrogate.
  var files: [URL] { get }

  /// Checks that the attack can be run against a classifier.
  /// - Throws: `Failure`, which says what does not fit.
  func check(against classifier: any Classifier) throws

  /// Checks that a budget makes sense for images of a value range. By default, an image must be
  /// able to change by that much.
  /// - Parameters:
  ///   - subject: what has the budget, for the message.
  ///   - features: the number of values of an image.
  /// - Throws: `Failure.usage`, which says what was expected.
  func check(
    budget: Double, of subject: String, in valueRange: ClosedRange<Double>, features: Int) throws

  /// The norm that measures the perturbations.
  var norm: Norm { get }

  /// Whether the attack is defined for pictures only, and not for rows of a table.
  var needsPictures: Bool { get }

  /// The views of the gradient that the attack, or an attack that it runs, follows.
  var views: [any GradientView] { get set }

  /// The number of training images that the attack learns from or mixes into the attacked ones; 0
  /// for an attack that knows nothing but the images that it attacks.
  var sampleSize: Int { get }

  /// The same attack after it has learned what it needs from training images, for some budgets.
  ///
  /// An attack with a `sampleSize` that has not been prepared uses the images that it attacks
  /// instead, so that its results depend on the batch.
  /// - Parameters:
  ///   - lesson: the training images, their goal, and the random numbers for all of them.
  ///   - epsilons: the budgets that the attack will be run with.
  func prepared(
    by lesson: TrainingSample.Lesson, epsilons: [Double], against classifier: any Classifier
  ) -> any Attack

  /// Whether the attack takes gradients of the attacked model. A model that has none is attacked
  /// only by other attacks.
  var usesGradients: Bool { get }

  /// The loss L of an attack that is the single step clip(X + ε·sign ∇ₓL); nil for every other
  /// attack.
  ///
  /// Adversarial training takes the gradient of such an attack from its own forward pass. See
  /// `InnerAttack` in the module Defenses.
  var singleStepLoss: AttackLoss? { get }

  /// The largest number of forward passes of a batch that a sweep over some threat models makes
  /// against a classifier with `classes` classes; nil if it is not known beforehand. Progress
  /// within a batch is measured against it.
  func mostPasses(within threats: [ThreatModel], classes: Int) -> Int?

  /// The allowed perturbations for a budget. For most attacks they are those of at most that size
  /// in `norm`.
  func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel

  /// Makes adversarial images within a threat model.
  ///
  /// The attack computes with the classifier as it is given, which is in evaluation behaviour
  /// except in training, and does not change it.
  /// - Parameter draws: the random numbers, one row for each image.
  /// - Returns: images in the shape of `images`, each at most `threat.epsilon` from its original.
  func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor

  /// Makes adversarial images for several budgets, with as few gradients as the attack allows.
  /// - Returns: the images for each budget, in the order of `epsilons`.
  func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor]

  /// Shows how the images change on the way to the attack's result; nil unless `hasFrames`.
  /// - Parameter shares: the number of parts that the budget is divided into, for an attack without
  ///   steps.
  func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor]?
}

extension Attack {
  public static var isControl: Bool { false }
  public static var budgetSymbol: String { "ε" }
  public static var budgetName: String { "epsilons" }
  public static var budgetIsSize: Bool { true }
  public static var searchesWithinBudget: Bool { true }
  public static var runsAnotherAttack: Bool { false }
  public static var hasFrames: Bool { false }
  public var dependencies: [String: String] { [:] }
  public var files: [URL] { [] }
  public var needsPictures: Bool { false }
  public var usesGradients: Bool { !Self.isControl }
  public var singleStepLoss: AttackLoss? { nil }
  public var sampleSize: Int { views.map { type(of: $0).sampleSize }.max() ?? 0 }
  public var views: [any GradientView] {
    get { [] }
    set { precondition(newValue.isEmpty, "\(Self.name) follows no gradient") }
  }

  public func prepared(
    by lesson: TrainingSample.Lesson, epsilons: [Double], against classifier: any Classifier
  ) -> any Attack {
    guard sampleSize > 0 else { return self }
    var attack = self
    attack.views = views.map { $0.mixing(lesson.images) }
    return attack
  }

  public func mostPasses(within threats: [ThreatModel], classes: Int) -> Int? { nil }
  public func check(against classifier: any Classifier) throws {
    for view in views { try type(of: view).check(against: classifier) }
  }

  public func check(
    budget: Double, of subject: String, in valueRange: ClosedRange<Double>, features: Int
  ) throws {
    try norm.check(budget: budget, of: subject, in: valueRange, features: features)
  }

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
        draws: draws)
    }
  }

  /// The images at each of `shares` equal parts of the budget, the unchanged images first; nil
  /// unless `hasFrames`.
  public func frames(
    _ images: Tensor, _ goal: Goal, epsilon: Double, shares: Int,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> [Tensor]? {
    guard Self.hasFrames else { return nil }
    let budgets = (1...shares).map { epsilon * Double($0) / Double(shares) }
    return [images] + sweep(images, goal, epsilons: budgets, against: classifier, draws: draws)
  }
}

extension Attack where Self: Configurable {
  public var parameters: [String: String] {
    Dictionary(uniqueKeysWithValues: settingValues.map { ($0.name, $0.value) })
  }
}
