import Attacks
import Foundation
import ModelCore
import Support

/// Adversarial training: training on images X and on their adversarial examples X′.
///
///     loss = c · CE(y, f(X)) + (1 − c) · CE(y, f(X′))
///
/// CE is the cross-entropy, f the network and y the true label. X′ is made at each step against the
/// present network in training behaviour, and no gradient flows through it. X′ passes through the
/// network as a batch of its own, with its own batch statistics and dropout masks. With c = 0, the
/// clean images do not pass through the network at all.
///
/// Use it as the standard defense against perturbations within a budget. Sources: I. Goodfellow, J.
/// Shlens and C. Szegedy (2015). With predicted labels, the default: A. Kurakin, I. Goodfellow and
/// S. Bengio (2017); an attack away from the true label would tell the network that label, which is
/// known as label leaking. With both parts equal, the default: A. Ross, "Training Machine Learning
/// Models by Regularizing their Explanations" (2018). With projected gradient descent, true labels
/// and c = 0, it is the training of A. Madry et al. (2018).
public struct AdversarialTraining: Defense, Objective, Configurable {
  public static let name = "adversarial-training"
  public static let summary =
    "training on adversarial examples too (Goodfellow et al. 2015)"
  public var inner: InnerAttack
  /// c, the weight of the clean images in the loss.
  public var clean: Double

  public init(_ inner: InnerAttack = InnerAttack(), clean: Double = 0.5) {
    self.inner = inner
    self.clean = clean
  }

  public static let settings: [Setting<AdversarialTraining>] = [
    .group(\.inner), .double("clean", \.clean, in: 0...1, "weight of the clean images in the loss"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var dependencies: [String: String] { inner.attack.dependencies }
  public var files: [URL] { inner.attack.files }

  public func checkBudget(in valueRange: ClosedRange<Double>, features: Int) throws {
    try inner.attack.check(
      budget: inner.epsilon, of: Self.name, in: valueRange, features: features)
  }

  public func objective(_ preparation: Preparation) throws -> any Objective {
    try inner.attack.check(against: preparation.network)
    return self
  }

  public var readsCleanLogits: Bool { clean > 0 }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    guard clean > 0 else { return [adversarial(step, weight: 1, inner.examples(step))] }
    let predicted = step.logits.detached.predictedClasses
    return [
      .crossEntropy(step.logits, step.labels, name: "clean", weight: clean),
      adversarial(step, weight: 1 - clean, inner.examples(step, predicted: predicted)),
    ]
  }

  private func adversarial(_ step: TrainingStep, weight: Double, _ examples: Tensor) -> LossTerm {
    .crossEntropy(
      step.forward(examples, "adversarial examples"), step.labels, name: "adversarial",
      weight: weight)
  }
}
