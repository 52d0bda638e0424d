import Datasets
import ModelCore
import Support

/// How far a training is.
public struct TrainingProgress: Sendable, Equatable {
  /// The present epoch, counted from 0, and how many there will be at most.
  public var epoch = 0
  public var epochs = 1
  /// The present step of the epoch, counted from 0, and how many an epoch has.
  public var step = 0
  public var stepsPerEpoch = 1

  public init(epoch: Int = 0, epochs: Int = 1, step: Int = 0, stepsPerEpoch: Int = 1) {
    self.epoch = epoch
    self.epochs = epochs
    self.step = step
    self.stepsPerEpoch = stepsPerEpoch
  }

  /// The share of all steps that are behind, in [0, 1): what a schedule goes by.
  public var share: Double {
    Double(epoch * stepsPerEpoch + step) / Double(max(1, epochs * stepsPerEpoch))
  }
}

/// One batch on its way through a network.
///
/// Several terms share the pass of the batch's own images: their logits, and gradients in the images
/// that go back through that pass. Everything random belongs to a purpose, so a term gets the same
/// numbers whatever other terms there are and in whatever order they ask.
public final class TrainingStep {
  public let network: Network
  /// On the network's device.
  public let batch: Batch
  public let pass: Pass
  /// The seed of the epoch.
  public let seed: Seed
  public let progress: TrainingProgress

  private let variable: Tensor
  private let cleanLogits: Tensor?

  /// - Parameters:
  ///   - pass: the behaviour of every pass of this step; dropout masks derive from its seed.
  ///   - seed: where the other random numbers derive from, the same for all steps of an epoch, since
  ///     each number belongs to an example.
  ///   - readsCleanLogits: whether the batch's own images go through the network at once.
  public init(
    _ network: Network, _ batch: Batch, _ pass: Pass, seed: Seed = Seed(0),
    progress: TrainingProgress = TrainingProgress(), readsCleanLogits: Bool = true
  ) {
    self.network = network
    self.batch = batch
    self.pass = pass
    self.seed = seed
    self.progress = progress
    variable = batch.images.tracked
    cleanLogits =
      readsCleanLogits ? network.forward(variable, pass.purpose("clean images")) : nil
  }

  /// `[N, C, H, W]` or `[N, D]`
  public var images: Tensor { batch.images }
  /// int64 `[N]`
  public var labels: Tensor { batch.labels }

  /// The logits of the images `[N, K]`, differentiable in the network's parameters and in the images.
  /// - Precondition: the objective says that it reads them (`Objective.readsCleanLogits`).
  public var logits: Tensor {
    guard let cleanLogits else {
      preconditionFailure("an objective reads logits it did not ask for")
    }
    return cleanLogits
  }

  /// The random numbers of this batch's examples for a purpose.
  public func draws(_ purpose: String) -> ExampleDraws {
    ExampleDraws(seed.derive(purpose), examples: batch.places, device: network.device)
  }

  /// Images → logits `[N, K]` in a pass of their own: its own batch statistics, which move the running
  /// ones, and the dropout masks of its purpose.
  public func forward(_ images: Tensor, _ purpose: String) -> Tensor {
    network.forward(images, pass.purpose(purpose))
  }

  /// The input gradient of every image, ∇ₓ Σ loss, in the images' shape, differentiable in the
  /// parameters and in the images.
  ///
  /// It goes back through the pass that made `logits`, with that pass's batch statistics and dropout
  /// masks; nothing runs forward again. Summed over the batch, each loss leaves its own image's
  /// gradient (with batch statistics also what the image does to the others, as the loss of the
  /// whole batch has it).
  ///
  /// - Parameter losses: logits `[N, K]` → one number per image, `[N]`.
  public func inputGradient(of losses: (_ logits: Tensor) -> Tensor) -> Tensor {
    inputDerivative(of: losses(logits).sum())
  }

  /// The same gradient as a constant, for examples that are made along it.
  public func fixedInputGradient(of losses: (_ logits: Tensor) -> Tensor) -> Tensor {
    losses(logits).sum().gradient(of: variable, retainingGraph: true).detached
  }

  /// The derivative in the images of a scalar that was computed from `logits` or from their input
  /// gradients, in the images' shape, differentiable again.
  public func inputDerivative(of scalar: Tensor) -> Tensor {
    scalar.gradient(of: variable, differentiable: true)
  }
}
