import ModelCore

/// The scalar s(x) of an example that an explanation explains: a function of the logits, whose
/// dependence on the features of the input is asked for.
///
/// p denotes the model's probabilities for K classes, Z its logits, y the true class, and ŷ the
/// predicted one. Σ_k p_k is not among the scalars: it is always 1, and its gradient is 0.
public enum ExplainedScalar: String, Sendable, CaseIterable {
  /// Σ_k log p_k, the choice of Ross et al. (2017).
  case sumOfLogProbabilities = "sum-of-log-probabilities"
  /// log p_ŷ.
  case predictedLogProbability = "predicted-log-probability"
  /// p_ŷ.
  case predictedProbability = "predicted-probability"
  /// Z_ŷ.
  case predictedLogit = "predicted-logit"
  /// log p_y.
  case trueLogProbability = "true-log-probability"
  /// p_y.
  case trueProbability = "true-probability"
  /// Z_y.
  case trueLogit = "true-logit"
  /// −log p_y, the cross-entropy.
  case loss

  /// The scalar of each example.
  /// - Parameters:
  ///   - logits: `[N, K]`.
  ///   - labels: the true classes y, int64 `[N]`.
  ///   - predicted: the classes ŷ, int64 `[N]`, if they are those of other inputs than the ones that
  ///     the logits belong to, or other classes; nil for the class with the largest logit in each row.
  /// - Returns: `[N]`.
  public func values(_ logits: Tensor, _ labels: Tensor, predicted: Tensor? = nil) -> Tensor {
    switch self {
    case .sumOfLogProbabilities: logits.logSoftmax().sum([1])
    case .predictedLogProbability:
      predicted.map { -logits.crossEntropy($0) } ?? logits.logSoftmax().max([1])
    case .predictedProbability:
      predicted.map { (-logits.crossEntropy($0)).exponential } ?? logits.softmax().max([1])
    case .predictedLogit: predicted.map { logits.chosen($0) } ?? logits.max([1])
    case .trueLogProbability: -logits.crossEntropy(labels)
    case .trueProbability: (-logits.crossEntropy(labels)).exponential
    case .trueLogit: logits.chosen(labels)
    case .loss: logits.crossEntropy(labels)
    }
  }

  /// 1 if the scalar rises as the model becomes more certain of a class, and −1 for the loss.
  public var direction: Double { self == .loss ? -1 : 1 }

  /// Whether the scalar is that of the predicted class, in whose place another class may be explained.
  public var isOfPredictedClass: Bool {
    switch self {
    case .predictedLogProbability, .predictedProbability, .predictedLogit: true
    default: false
    }
  }

  /// The scalar in words, for legends: "the probability of 'cat'".
  /// - Parameters:
  ///   - label: the true class, as a name in quotes or as words such as "the true class".
  ///   - explained: the predicted class, or the one that is explained in its place.
  public func words(label: String, explained: String) -> String {
    switch self {
    case .sumOfLogProbabilities: "the sum of all log-probabilities"
    case .predictedLogProbability: "the log-probability of \(explained)"
    case .predictedProbability: "the probability of \(explained)"
    case .predictedLogit: "the logit of \(explained)"
    case .trueLogProbability: "the log-probability of \(label)"
    case .trueProbability: "the probability of \(label)"
    case .trueLogit: "the logit of \(label)"
    case .loss: "the loss for \(label)"
    }
  }
}

extension Tensor {
  /// The element of each row `[N, K]` at the row's class, int64 `[N]` → `[N]`.
  fileprivate func chosen(_ classes: Tensor) -> Tensor {
    gather(1, classes.reshaped([-1, 1])).reshaped([-1])
  }
}
