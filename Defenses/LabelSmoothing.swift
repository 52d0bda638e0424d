import ModelCore
import Support

/// Cross-entropy against (1 − α)·(true label) + α / K. Szegedy et al., 2016.
///
/// It bounds how far apart the logits are worth pushing. As a defense it is a baseline: it smooths
/// the loss that attacks follow more than the decision.
public struct LabelSmoothing: Defense, Objective, Configurable {
  public static let name = "labelSmoothing"
  public static let summary = "soft labels: a share α spread over all classes (Szegedy et al. 2016)"
  public var alpha: Double

  public init(alpha: Double = 0.1) { self.alpha = alpha }

  public static let settings: [Setting<LabelSmoothing>] = [
    .double("alpha", \.alpha, in: 0...1, "the share spread over all classes")
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let classes = step.network.classCount
    let soft = step.labels.oneHot(classes: classes) * (1 - alpha) + alpha / Double(classes)
    let value = step.logits.crossEntropy(probabilities: soft).mean()
    return [LossTerm("smoothed cross-entropy", value, logits: step.logits)]
  }
}
