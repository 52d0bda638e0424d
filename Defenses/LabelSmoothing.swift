import ModelCore
import Support

/// Label smoothing: the cross-entropy against the soft label (1 − α)·y + α/K, for one of K classes.
///
/// It limits how far apart the logits grow. Use it as a baseline: it smooths the loss that attacks
/// follow more than it moves the decision boundary. Source: C. Szegedy et al. (2016).
public struct LabelSmoothing: Defense, Objective, Configurable {
  public static let name = "label-smoothing"
  public static let summary =
    "soft labels, with a share α spread over all classes (Szegedy et al. 2016)"
  /// α, the share of a label that is spread over all classes.
  public var alpha: Double

  public init(alpha: Double = 0.1) { self.alpha = alpha }

  public static let settings: [Setting<LabelSmoothing>] = [
    .double("alpha", \.alpha, in: 0...1, "share α that is spread over all classes")
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    // soft [N, K]
    let classes = step.network.classCount
    let soft = step.labels.oneHot(classes: classes) * (1 - alpha) + alpha / Double(classes)
    let value = step.logits.crossEntropy(probabilities: soft).mean()
    return [LossTerm("smoothed cross-entropy", value, logits: step.logits)]
  }
}
