import ModelCore
import Support

/// Cross-entropy against (1 − α)·(true label) + α / K. Szegedy et al., 2016.
///
/// It bounds how far apart the logits are worth pushing. As a defense it is a baseline: it smooths
/// the loss that attacks follow more than the decision.
public struct LabelSmoothing: Defense, Objective {
  public static let name = "labelSmoothing"
  public static let summary = "soft labels: a share α spread over all classes (Szegedy et al. 2016)"
  public let alpha: Double

  public init(alpha: Double = 0.1) { self.alpha = alpha }

  public init(_ settings: Settings) throws {
    alpha = try settings.double(
      "alpha", default: 0.1, in: 0...1, "the share spread over all classes")
  }

  public var parameters: [(name: String, value: String)] { [("alpha", "\(alpha)")] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let classes = step.network.classCount
    let soft = step.labels.oneHot(classes: classes) * (1 - alpha) + alpha / Double(classes)
    return [
      LossTerm("smoothed cross-entropy", step.logits.crossEntropy(probabilities: soft).mean())
    ]
  }
}
