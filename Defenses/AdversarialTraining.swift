import Attacks
import ModelCore
import Support

/// Training on images and on their adversarial examples in equal parts: ½ [CE(y, f(X)) + CE(y, f(X′))].
///
/// X′ is made against the network as it is at that step, in training behaviour, away from the labels it predicts itself
/// (so that the perturbation does not tell the true one), and no gradient flows through it. X′ goes through the network as
/// a batch of its own, with its own batch statistics and dropout. Goodfellow et al., 2015; label leaking: Kurakin et al.,
/// 2017; in this form A. Ross, 2018.
public struct AdversarialTraining: Defense, Objective {
  public static let name = "adversarialTraining"
  public static let summary = "half of every batch's loss on its own adversarial examples (Goodfellow et al. 2015)"
  public let attack: any Attack
  public let epsilon: Double

  public init(attack: any Attack = FastGradientSign(), epsilon: Double = 0.3) {
    self.attack = attack
    self.epsilon = epsilon
  }

  public init(_ settings: Settings) throws {
    let untargeted = AttackRegistry.all.filter { !$0.defaultGoal.isTargeted }.map { $0.name }
    let name = try settings.choice("attack", of: untargeted, default: FastGradientSign.name, "the attack inside")
    attack = try AttackRegistry.type(named: name).init(settings)
    epsilon = try settings.double("epsilon", default: 0.3, "its budget, in pixel units")
  }

  public var parameters: [(name: String, value: String)] {
    [("attack", type(of: attack).name), ("epsilon", "\(epsilon)")]
      + attack.parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
  }

  public var objective: any Objective { self }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let clean = step.logits.crossEntropy(step.labels).mean()
    let adversarial = step.forward(examples(step)).crossEntropy(step.labels).mean()
    return [LossTerm("clean", weight: 0.5, clean), LossTerm("adversarial", weight: 0.5, adversarial)]
  }

  private func examples(_ step: TrainingStep) -> Tensor {
    // The attack must not move the running statistics: it only looks.
    let looking = step.pass.withoutUpdates
    let classifier = step.network.behaving(looking)
    let threat = attack.threat(epsilon, against: classifier)
    let random = step.pass.random ?? RandomSource(Seed(0), device: classifier.device)
    let predicted = step.logits.detached.predictedClasses
    // Where the network gives no number there is no predicted class; the loss then says so.
    let goal = Goal.away(from: predicted.isAtLeast(0).choose(predicted, else: step.labels))
    return attack.perturb(step.images, goal, within: threat, against: classifier, random: random).detached
  }
}
