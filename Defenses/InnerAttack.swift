import Attacks
import ModelCore
import Support

/// The attack inside a training: which one, how large, and away from which labels.
public struct InnerAttack: Configurable {
  /// What an image is to be moved away from.
  public enum Labels: String, Sendable, CaseIterable {
    /// The class the attacked network predicts itself, so that the perturbation does not tell the
    /// true one.
    case predicted
    case `true`
  }

  public var attack: any Attack
  public var epsilon: Double
  public var labels: Labels

  public init(
    _ attack: any Attack = FastGradientSign(), epsilon: Double = 0.3, labels: Labels = .predicted
  ) {
    self.attack = attack
    self.epsilon = epsilon
    self.labels = labels
  }

  public static let settings: [Setting<InnerAttack>] = [
    .attack("attack", \.attack, among: { !$0.defaultGoal.isTargeted }, "the attack inside"),
    .double("epsilon", \.epsilon, "its budget, in pixel units"),
    .choice("labels", \.labels, "which labels it leads away from"),
  ]

  /// Adversarial images of a batch, in the images' shape, without a history: no gradient flows
  /// through them.
  ///
  /// - Parameters:
  ///   - classifier: what is attacked; nil: the network in training, as it is at this step, in
  ///     training behaviour. The attack moves no running statistics.
  ///   - predicted: the classes it predicts for the images, where the caller knows them from the
  ///     step's own logits.
  func examples(
    _ step: TrainingStep, against classifier: (any Classifier)? = nil, predicted: Tensor? = nil
  ) -> Tensor {
    if classifier == nil, let predicted, let loss = attack.singleStepLoss {
      return oneStep(loss, step, predicted)
    }
    let classifier =
      classifier ?? step.network.behaving(step.pass.withoutUpdates.purpose("inner attack"))
    let goal = Goal.away(
      from: labels == .true ? step.labels : guesses(step, classifier, predicted))
    let threat = attack.threat(epsilon, against: classifier)
    return attack.perturb(
      step.images, goal, within: threat, against: classifier, draws: step.draws("inner attack")
    ).detached
  }

  /// One step along a gradient's sign needs no forward pass of its own: it goes back through the pass
  /// that made the step's logits, and sees that pass's dropout masks, as the published code does.
  private func oneStep(_ loss: AttackLoss, _ step: TrainingStep, _ predicted: Tensor) -> Tensor {
    let goal = Goal.away(
      from: labels == .true ? step.labels : guesses(step, step.network, predicted))
    let gradient = step.fixedInputGradient { loss.losses($0, goal) }
    let threat = attack.threat(epsilon, against: step.network)
    return (step.images + gradient.sign * threat.epsilon).clamped(to: threat.valueRange).detached
  }

  private func guesses(
    _ step: TrainingStep, _ classifier: any Classifier, _ predicted: Tensor?
  ) -> Tensor {
    let predicted = predicted ?? classifier.predictions(step.images)
    // Where a logit is not a number there is no predicted class; the loss then says so.
    return predicted.isAtLeast(0).choose(predicted, else: step.labels)
  }
}
