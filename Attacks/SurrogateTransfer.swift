import ForeignModels
import Foundation
import ModelCore
import Support

/// Transfer from a surrogate: the adversarial examples of another attack, made on a surrogate model
/// that the attacker has, and not on the attacked model.
///
/// The attack does not use the attacked model, so it is a control: an attack that uses the model
/// must do better. If it does not, the model hides its gradients. Settings that this attack does
/// not have go to the attack named by `of`. Source: N. Papernot et al. (2017).
public struct SurrogateTransfer: Attack {
  public static let name = "surrogate"
  public static let title = "transfer from a surrogate"
  public static let summary =
    "the examples of another attack (of=pgd, …), made on the model in the file `model`"
  public static let isControl = true
  public static let defaultGoal = GoalRule.untargeted
  public private(set) var attack: any Attack
  /// The model on which the examples are made, on the CPU.
  public let surrogate: any Classifier
  private let file: URL?
  private let fingerprint: String

  public init(of attack: any Attack, on surrogate: Network, file: URL? = nil) throws {
    self.init(
      of: attack, on: try surrogate.frozen(), file: file, fingerprint: surrogate.fingerprint)
  }

  private init(of attack: any Attack, on surrogate: any Classifier, file: URL?, fingerprint: String)
  {
    self.attack = attack
    self.surrogate = surrogate
    self.file = file
    self.fingerprint = fingerprint
  }

  public init(_ settings: Settings) throws {
    var made = AttackInside(attack: ProjectedGradientDescent())
    try made.read(settings)
    let file = try settings.file("model", "file of the model on which the examples are made")
    let model = try LoadedModel(file)
    self.init(
      of: made.attack, on: model.classifier, file: file, fingerprint: model.fingerprint)
  }

  /// The attack that makes the examples, with its settings.
  private struct AttackInside: Configurable {
    var attack: any Attack

    static let settings: [Setting<AttackInside>] = [
      .attack(
        "of", \.attack, among: { !$0.runsAnotherAttack && $0.budgetIsSize },
        "attack that makes the examples")
    ]
  }

  public static let runsAnotherAttack = true
  public var needsPictures: Bool { attack.needsPictures }
  public var views: [any GradientView] {
    get { attack.views }
    set { attack.views = newValue }
  }
  public var norm: Norm { attack.norm }

  public var parameters: [String: String] {
    AttackInside(attack: attack).settingValues.reduce(into: ["model": file?.path ?? "in memory"]) {
      $0[$1.name] = $1.value
    }
  }

  public var files: [URL] { attack.files + [file].compactMap { $0 } }

  public var dependencies: [String: String] {
    attack.dependencies.merging(["surrogate": fingerprint]) { $1 }
  }

  /// Checks that the surrogate takes the same images and knows the same classes as the attacked
  /// model, on the same device.
  /// - Throws: `Failure`, with both models' shapes, ranges and numbers of classes.
  public func check(against classifier: any Classifier) throws {
    guard surrogate.inputShape == classifier.inputShape,
      surrogate.classCount == classifier.classCount,
      surrogate.valueRange == classifier.valueRange
    else {
      throw Failure.badData(
        "expected a surrogate for inputs of \(classifier.inputShape) in "
          + "\(classifier.valueRange) and \(classifier.classCount) classes, as the attacked model "
          + "has, found \(surrogate.inputShape) in \(surrogate.valueRange) and "
          + "\(surrogate.classCount) classes",
        hint: "use a surrogate that was trained on the same kind of data")
    }
    guard surrogate.device == classifier.device else {
      throw Failure.usage(
        "the surrogate computes on \(surrogate.device) and the attacked model on "
          + "\(classifier.device)",
        hint: "use --device \(surrogate.device)")
    }
    try attack.check(against: surrogate)
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    attack.threat(budget, against: classifier)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    attack.perturb(images, goal, within: threat, against: watched(by: classifier), draws: draws)
  }

  public func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    attack.sweep(
      images, goal, epsilons: epsilons, against: watched(by: classifier), draws: draws)
  }

  /// The surrogate. If the attacked model is counted, its passes are shown as progress.
  private func watched(by classifier: any Classifier) -> any Classifier {
    (classifier as? QueryCounter)?.watching(surrogate) ?? surrogate
  }
}
