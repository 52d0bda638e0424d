import Defenses
import ModelCore
import Support

/// Training that penalises confident predictions: CE(y, f(X)) − β · mean_n H(p_n), where p_n is the
/// predicted distribution of image n and H its entropy. Pereyra et al., 2017.
public struct ConfidencePenalty: Defense, Objective, Configurable {
  public static let name = "confidence-penalty"
  public static let summary = "a penalty on confident predictions (Pereyra et al. 2017)"
  public static let settings: [Setting<Self>] = [
    .double("beta", \.beta, "the weight of the entropy")
  ]
  public var beta = 0.1

  public init() {}
  public init(_ settings: Settings) throws { try read(settings) }

  public var isPenalty: Bool { true }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    // logits, logProbabilities [N, K]; negativeEntropy is a scalar
    let logProbabilities = step.logits.logSoftmax()
    let negativeEntropy = (logProbabilities.exponential * logProbabilities).sum([1]).mean()
    return [LossTerm("confidence", weight: beta, negativeEntropy)]
  }
}
