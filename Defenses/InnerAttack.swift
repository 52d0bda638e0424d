import Attacks
import ModelCore
import Support

/// The attack that a training uses: which one, its budget, and the labels that it leads away from.
///
/// With `warmup`, the budget grows linearly from 0 to ε during the first epochs. A network that
/// meets the whole budget at once may learn nothing: it then predicts the same class for every
/// image, because no other prediction survives the attack.
public struct InnerAttack: Configurable {
  /// The labels that the attack leads away from.
  public enum Labels: String, Sendable, CaseIterable {
    /// The classes that the attacked network itself predicts. The perturbation then does not depend
    /// on the true label.
    case predicted
    /// The true labels.
    case `true`
  }

  public var attack: any Attack
  public var epsilon: Double
  public var labels: Labels
  /// The number of epochs during which the budget grows; nil for the whole budget from the start.
  public var warmup: Double?

  public init(
    _ attack: any Attack = FastGradientSign(), epsilon: Double = 0.3, labels: Labels = .predicted,
    warmup: Double? = nil
  ) {
    self.attack = attack
    self.epsilon = epsilon
    self.labels = labels
    self.warmup = warmup
  }

  public static let settings: [Setting<InnerAttack>] = [
    .attack(
      "attack", \.attack, among: { !$0.defaultGoal.isTargeted }, "attack that makes the examples"),
    .double("epsilon", \.epsilon, "budget of the attack, for most attacks in pixel units"),
    .choice("labels", \.labels, "labels that the attack leads away from"), .warmup(\.warmup),
  ]

  /// Adversarial images of a batch, in the shape of its images. No gradient flows through them.
  ///
  /// - Parameters:
  ///   - classifier: the attacked model; nil for the present network in training behaviour. The
  ///     attack does not update its running statistics.
  ///   - predicted: the network's predicted classes, if the caller knows them from the logits of
  ///     the step.
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
    let threat = attack.threat(budget(step), against: classifier)
    return attack.perturb(
      step.images, goal, within: threat, against: classifier, draws: step.draws("inner attack")
    ).detached
  }

  /// The examples of a single step along the sign of a gradient. They need no forward pass of their
  /// own: the gradient goes back through the pass that gave the step's logits, with the same
  /// dropout masks, as in the published code.
  private func oneStep(_ loss: AttackLoss, _ step: TrainingStep, _ predicted: Tensor) -> Tensor {
    let goal = Goal.away(
      from: labels == .true ? step.labels : guesses(step, step.network, predicted))
    let gradient = step.fixedInputGradient { loss.losses($0, goal) }
    let threat = attack.threat(budget(step), against: step.network)
    return (step.images + gradient.sign * threat.epsilon).clamped(to: threat.valueRange).detached
  }

  private func budget(_ step: TrainingStep) -> Double {
    epsilon * step.progress.warmup(over: warmup)
  }

  private func guesses(
    _ step: TrainingStep, _ classifier: any Classifier, _ predicted: Tensor?
  ) -> Tensor {
    let predicted = predicted ?? classifier.predictions(step.images)
    // If a logit is not a number (NaN), there is no predicted class. The true label takes its
    // place, and training stops because the loss is not a number either.
    return predicted.isAtLeast(0).choose(predicted, else: step.labels)
  }
}

extension Setting {
  /// The setting `warmup` of a defense whose training includes an attack.
  static func warmup(_ path: WritableKeyPath<Root, Double?> & Sendable) -> Setting {
    .optionalDouble(
      "warmup", path, in: 0...100_000,
      "first epochs during which the budget grows linearly from 0; if not given, 0")
  }
}
