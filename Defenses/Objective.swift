import Datasets
import ModelCore
import Support

/// The function that training minimises: a sum of weighted terms.
///
/// An objective knows nothing of optimizers or files, and the training loop knows no objective by
/// name.
public protocol Objective: Sendable {
  /// The terms of the loss of one batch, each a scalar.
  func terms(_ step: TrainingStep) -> [LossTerm]

  /// Whether the objective is only a penalty, such as that of gradient regularisation, and does not
  /// itself make the network predict the labels. If all objectives of a training are penalties, the
  /// cross-entropy is added once.
  var isPenalty: Bool { get }
  /// Whether the objective reads `TrainingStep.logits`, the logits of the batch's own images.
  var readsCleanLogits: Bool { get }
  /// What the objective needs to know about every example besides the label. Training refuses data
  /// without it.
  var needs: Set<AnnotationKind> { get }

  /// The state that the objective keeps from step to step, and that a checkpoint stores. Most
  /// objectives have none.
  ///
  /// An objective with a state is a class. Only `terms` and `restore` change the state.
  var state: [String: Tensor] { get }
  /// Continues from a state that a checkpoint has stored.
  /// - Throws: `Failure` if the state does not fit. In that case nothing has changed.
  func restore(_ state: [String: Tensor]) throws
}

extension Objective {
  public var isPenalty: Bool { false }
  public var readsCleanLogits: Bool { true }
  public var needs: Set<AnnotationKind> { [] }
  public var state: [String: Tensor] { [:] }
  public func restore(_ state: [String: Tensor]) throws {}
}

/// One named term of a loss.
public struct LossTerm {
  public let name: String
  public let weight: Double
  public let value: Tensor
  /// The logits `[N, K]` from which the term was computed. The training accuracy is that of the
  /// first term with logits.
  public let logits: Tensor?

  public init(_ name: String, weight: Double = 1, _ value: Tensor, logits: Tensor? = nil) {
    self.name = name
    self.weight = weight
    self.value = value
    self.logits = logits
  }

  /// The mean cross-entropy of logits `[N, K]` against labels `[N]`.
  public static func crossEntropy(
    _ logits: Tensor, _ labels: Tensor, name: String = "cross-entropy", weight: Double = 1
  ) -> LossTerm {
    LossTerm(name, weight: weight, logits.crossEntropy(labels).mean(), logits: logits)
  }

  /// The term with its weight multiplied by a factor.
  func weighted(_ factor: Double) -> LossTerm {
    LossTerm(name, weight: factor * weight, value, logits: logits)
  }
}

extension [LossTerm] {
  /// Σ weight·value.
  public var total: Tensor {
    dropFirst().reduce(self[0].value * self[0].weight) { $0 + $1.value * $1.weight }
  }
}

/// Plain training: the mean cross-entropy of the true labels.
public struct CrossEntropy: Objective {
  public init() {}

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    [.crossEntropy(step.logits, step.labels)]
  }
}
