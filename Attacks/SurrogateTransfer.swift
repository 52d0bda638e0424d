import ForeignModels
import Foundation
import ModelCore
import Support

/// Transfer from a surrogate: another attack's examples, made on a model of one's own and never on
/// the one that is attacked.
///
/// It asks the attacked model nothing, so that a real attack must beat it: where it does not, that
/// model hides its gradients. Papernot et al., 2017. Settings that it does not know go to the
/// attack `of`.
public struct SurrogateTransfer: Attack {
  public static let name = "surrogate"
  public static let title = "transfer from a surrogate"
  public static let summary =
    "another attack's examples (of=pgd, …), made on the model in the file `model`"
  public static let isControl = true
  public static let defaultGoal = GoalRule.untargeted
  public let attack: any Attack
  /// The model the examples are made on, on the processor.
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
    let file = try settings.file("model", "the file of the model they are made on")
    let model = try LoadedModel(file)
    self.init(
      of: made.attack, on: model.classifier, file: file, fingerprint: model.fingerprint)
  }

  /// The attack that makes the examples, as settings name it.
  private struct AttackInside: Configurable {
    var attack: any Attack

    static let settings: [Setting<AttackInside>] = [
      .attack(
        "of", \.attack, among: { !$0.runsAnotherAttack }, "the attack that makes the examples")
    ]
  }

  public static let runsAnotherAttack = true
  public var needsPictures: Bool { attack.needsPictures }
  public var norm: Norm { attack.norm }

  public var parameters: [String: String] {
    AttackInside(attack: attack).settingValues.reduce(into: ["model": file?.path ?? "in memory"]) {
      $0[$1.name] = $1.value
    }
  }

  public var dependencies: [String: String] {
    attack.dependencies.merging(["surrogate": fingerprint]) { $1 }
  }

  /// The surrogate must take the same images and know the same classes.
  public func check(against classifier: any Classifier) throws {
    guard surrogate.inputShape == classifier.inputShape,
      surrogate.classCount == classifier.classCount,
      surrogate.valueRange == classifier.valueRange
    else {
      throw Failure.badData(
        "the surrogate takes images of \(surrogate.inputShape) in \(surrogate.valueRange) and knows "
          + "\(surrogate.classCount) classes; the attacked model takes \(classifier.inputShape) in "
          + "\(classifier.valueRange) and knows \(classifier.classCount)",
        hint: "use a surrogate that was trained on the same kind of data")
    }
    guard surrogate.device == classifier.device else {
      throw Failure.usage(
        "a surrogate computes on \(surrogate.device), the attacked model on \(classifier.device)",
        hint: "use --device \(surrogate.device)")
    }
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    attack.threat(budget, against: classifier)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    attack.perturb(images, goal, within: threat, against: surrogate, draws: draws)
  }

  public func sweep(
    _ images: Tensor, _ goal: Goal, epsilons: [Double], against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    attack.sweep(images, goal, epsilons: epsilons, against: surrogate, draws: draws)
  }
}
