import Attacks
import ModelCore
import Support

/// The attack inside a training: which one, how large, and away from which labels.
public struct InnerAttack: Sendable {
  /// What an image is to be moved away from.
  public enum Labels: String, Sendable, CaseIterable {
    /// The class the attacked network predicts itself, so that the perturbation does not tell the
    /// true one.
    case predicted
    case `true`
  }

  public let attack: any Attack
  public let epsilon: Double
  public let labels: Labels

  public init(_ attack: any Attack, epsilon: Double, labels: Labels) {
    self.attack = attack
    self.epsilon = epsilon
    self.labels = labels
  }

  /// Reads `attack`, its own settings, `epsilon` and `labels`.
  init(_ settings: Settings) throws {
    let untargeted = AttackRegistry.all.filter { !$0.defaultGoal.isTargeted }.map { $0.name }
    let name = try settings.choice(
      "attack", of: untargeted, default: FastGradientSign.name, "the attack inside")
    epsilon = try settings.double("epsilon", default: 0.3, "its budget, in pixel units")
    let word = try settings.choice(
      "labels", of: Labels.allCases.map(\.rawValue), default: Labels.predicted.rawValue,
      "which labels it leads away from")
    labels = Labels(rawValue: word) ?? .predicted
    attack = try AttackRegistry.type(named: name).init(settings)
  }

  var parameters: [(name: String, value: String)] {
    [("attack", type(of: attack).name), ("epsilon", "\(epsilon)"), ("labels", labels.rawValue)]
      + attack.parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
  }

  /// Adversarial images `[N, C, H, W]` of a batch, without a history: no gradient flows through
  /// them.
  ///
  /// - Parameters:
  ///   - classifier: what is attacked; nil: the network in training, as it is at this step, in
  ///     training behaviour. The attack only looks: it moves no running statistics.
  ///   - predicted: the classes it predicts for the images, where the caller knows them from the
  ///     step's own logits.
  func examples(
    _ step: TrainingStep, against classifier: (any Classifier)? = nil, predicted: Tensor? = nil
  ) -> Tensor {
    if classifier == nil, let predicted, let fast = attack as? FastGradientSign,
      fast.gradient.views.isEmpty
    {
      return oneStep(fast, step, predicted)
    }
    let classifier = classifier ?? step.network.behaving(step.pass.withoutUpdates)
    let goal = Goal.away(from: labels == .true ? step.labels : guesses(step, classifier, predicted))
    let threat = attack.threat(epsilon, against: classifier)
    return attack.perturb(
      step.images, goal, within: threat, against: classifier, random: step.random
    ).detached
  }

  /// One step along a gradient needs no pass forward of its own: it goes back through the one that
  /// made the step's logits, and sees that pass's dropout masks, as the published code does.
  private func oneStep(_ attack: FastGradientSign, _ step: TrainingStep, _ predicted: Tensor)
    -> Tensor
  {
    let goal = Goal.away(
      from: labels == .true ? step.labels : guesses(step, step.network, predicted))
    let gradient = step.fixedInputGradient { attack.gradient.loss.losses($0, goal) }
    return attack.moved(
      step.images, along: gradient.sign, within: attack.threat(epsilon, against: step.network)
    )
    .detached
  }

  private func guesses(_ step: TrainingStep, _ classifier: any Classifier, _ predicted: Tensor?)
    -> Tensor
  {
    let predicted = predicted ?? classifier.predictions(step.images)
    // Where the network gives no number there is no predicted class; the loss then says so.
    return predicted.isAtLeast(0).choose(predicted, else: step.labels)
  }
}
