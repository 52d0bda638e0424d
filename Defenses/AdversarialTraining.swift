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
public struct AdversarialTraining: Defense, Objective {
  public static let name = "adversarialTraining"
  public static let summary =
    "part of every batch's loss on its own adversarial examples (Goodfellow et al. 2015)"
  public let inner: InnerAttack
  /// c, the clean images' share of the loss.
  public let clean: Double

  public init(
    attack: any Attack = FastGradientSign(), epsilon: Double = 0.3,
    labels: InnerAttack.Labels = .predicted,
    clean: Double = 0.5
  ) {
    inner = InnerAttack(attack, epsilon: epsilon, labels: labels)
    self.clean = clean
  }

  public init(_ settings: Settings) throws {
    inner = try InnerAttack(settings)
    clean = try settings.double(
      "clean", default: 0.5, in: 0...1, "the clean images' share of the loss")
  }

  public var parameters: [(name: String, value: String)] {
    inner.parameters + [("clean", "\(clean)")]
  }
  public var dependencies: [String: String] { inner.attack.dependencies }

  public func objective(_ preparation: Preparation) throws -> any Objective {
    try inner.attack.check(against: preparation.network)
    return self
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    guard clean > 0 else { return [LossTerm("adversarial", loss(step, on: inner.examples(step)))] }
    let predicted = step.logits.detached.predictedClasses
    return [
      LossTerm("clean", weight: clean, step.logits.crossEntropy(step.labels).mean()),
      LossTerm(
        "adversarial", weight: 1 - clean, loss(step, on: inner.examples(step, predicted: predicted))
      ),
    ]
  }

  private func loss(_ step: TrainingStep, on examples: Tensor) -> Tensor {
    step.forward(examples).crossEntropy(step.labels).mean()
  }
}
