import Attacks
import ModelCore
import Support

/// Training on images and on their adversarial examples: c · CE(y, f(X)) + (1 − c) · CE(y, f(X′)),
/// in equal parts by default.
///
/// X′ is made against the network as it is at that step, in training behaviour, and no gradient
/// flows through it. X′ goes through the network as a batch of its own, with its own batch
/// statistics and dropout; with c = 0 the clean images do not. Goodfellow et al., 2015; label
/// leaking, hence predicted labels: Kurakin et al., 2017; in this form A. Ross, 2018. With
/// projected gradient descent, true labels and c = 0 it is Madry et al., 2018.
public struct AdversarialTraining: Defense, Objective, Configurable {
  public static let name = "adversarialTraining"
  public static let summary =
    "part of every batch's loss on its own adversarial examples (Goodfellow et al. 2015)"
  public var inner: InnerAttack
  /// c, the clean images' share of the loss.
  public var clean: Double

  public init(_ inner: InnerAttack = InnerAttack(), clean: Double = 0.5) {
    self.inner = inner
    self.clean = clean
  }

  public static let settings: [Setting<AdversarialTraining>] = [
    .group(\.inner), .double("clean", \.clean, in: 0...1, "the clean images' share of the loss"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var dependencies: [String: String] { inner.attack.dependencies }

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
