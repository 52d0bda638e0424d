import ModelCore
import Support

/// What a network is trained for: a sum of weighted terms that gradients will lower.
///
/// Objectives know nothing of optimizers, epochs or files; the one training loop knows no objective
/// by name.
public protocol Objective: Sendable {
  /// The terms of the loss for one batch, scalars each.
  func terms(_ step: TrainingStep) -> [LossTerm]
}

/// One named part of a loss.
public struct LossTerm {
  public let name: String
  public let weight: Double
  public let value: Tensor

  public init(_ name: String, weight: Double = 1, _ value: Tensor) {
    self.name = name
    self.weight = weight
    self.value = value
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
    [LossTerm("cross-entropy", step.logits.crossEntropy(step.labels).mean())]
  }
}

/// Terms that are added to a fit and bring none of their own: a defense that punishes something and
/// leaves the labels to others.
///
/// Trained for alone, the fit is plain cross-entropy; in a `DefenseSum` it is what the other
/// defenses fit.
public protocol Penalty: Objective {
  /// The terms without a fit, weights included.
  func penalties(_ step: TrainingStep) -> [LossTerm]
}

extension Penalty {
  public func terms(_ step: TrainingStep) -> [LossTerm] {
    CrossEntropy().terms(step) + penalties(step)
  }
}
