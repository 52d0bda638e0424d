import Datasets
import ModelCore
import Support

/// What a network is trained for: a sum of weighted terms that gradients will lower.
///
/// Objectives know nothing of optimizers or files; the one training loop knows no objective by name.
public protocol Objective: Sendable {
  /// The terms of the loss for one batch, scalars each.
  func terms(_ step: TrainingStep) -> [LossTerm]

  /// Whether it only punishes something and leaves the labels to others, as gradient regularisation
  /// does. Where all objectives of a training are penalties, cross-entropy is added once.
  var isPenalty: Bool { get }
  /// Whether it reads `TrainingStep.logits`, the network's answers to the batch's own images.
  var readsCleanLogits: Bool { get }
  /// What it needs to know about every example besides the label. Training refuses data that do not
  /// have it.
  var needs: Set<AnnotationKind> { get }

  /// What it remembers from step to step, as a checkpoint keeps it; empty for most.
  ///
  /// An objective with a state is a class. `terms` may change the state; nothing else does.
  var state: [String: Tensor] { get }
  /// Goes on from a state that a checkpoint kept.
  /// - Throws: `Failure` if the state does not fit; nothing has changed then.
  func restore(_ state: [String: Tensor]) throws
}

extension Objective {
  public var isPenalty: Bool { false }
  public var readsCleanLogits: Bool { true }
  public var needs: Set<AnnotationKind> { [] }
  public var state: [String: Tensor] { [:] }
  public func restore(_ state: [String: Tensor]) throws {}
}

/// One named part of a loss.
public struct LossTerm {
  public let name: String
  public let weight: Double
  public let value: Tensor
  /// The logits `[N, K]` that the term was computed from. Training accuracy is that of the first
  /// term that has them.
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

  /// The term times a factor.
  func weighted(_ factor: Double) -> LossTerm {
    LossTerm(name, weight: factor * weight, value, logits: logits)
  }
}

extension [LossTerm] {
  /// Σ weight·value
  public var total: Tensor {
    dropFirst().reduce(self[0].value * self[0].weight) { $0 + $1.value * $1.weight }
  }
}

/// The mean cross-entropy of the true labels: plain training.
public struct CrossEntropy: Objective {
  public init() {}

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    [.crossEntropy(step.logits, step.labels)]
  }
}
