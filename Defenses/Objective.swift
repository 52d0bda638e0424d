import ModelCore
import Support

/// What a network is trained for: a sum of weighted terms that gradients will lower.
///
/// Objectives know nothing of optimizers, epochs or files; the one training loop knows no objective by name.
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

/// One batch on its way through a network. What several terms need, the logits of the clean images, is computed once.
public final class TrainingStep {
  public let network: Network
  /// `[N, C, H, W]`
  public let images: Tensor
  /// int64 `[N]`
  public let labels: Tensor
  public let pass: Pass
  /// The logits of the images `[N, K]`, differentiable in the network's parameters.
  public private(set) lazy var logits = network.forward(images, pass)

  public init(_ network: Network, _ images: Tensor, _ labels: Tensor, _ pass: Pass) {
    self.network = network
    self.images = images
    self.labels = labels
    self.pass = pass
  }
}

/// The mean cross-entropy of the true labels: plain training.
public struct CrossEntropy: Objective {
  public init() {}

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    [LossTerm("cross-entropy", step.logits.crossEntropy(step.labels).mean())]
  }
}
