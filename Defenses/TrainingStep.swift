import Datasets
import ModelCore
import Support

/// The progress of a training.
public struct TrainingProgress: Sendable, Equatable {
  /// The present epoch, counted from 0, and the largest number of epochs.
  public var epoch = 0
  public var epochs = 1
  /// The present step of the epoch, counted from 0, and the number of steps of an epoch.
  public var step = 0
  public var stepsPerEpoch = 1

  public init(epoch: Int = 0, epochs: Int = 1, step: Int = 0, stepsPerEpoch: Int = 1) {
    self.epoch = epoch
    self.epochs = epochs
    self.step = step
    self.stepsPerEpoch = stepsPerEpoch
  }

  /// The share of all steps that are done, in [0, 1), for schedules.
  public var share: Double {
    Double(epoch * stepsPerEpoch + step) / Double(max(1, epochs * stepsPerEpoch))
  }

  /// The factor on a quantity that grows linearly from 0 to its value during the first epochs, and
  /// then stays there: min(1, epochs done / `epochs`); 1 if `epochs` is nil or 0.
  public func warmup(over epochs: Double?) -> Double {
    guard let epochs, epochs > 0 else { return 1 }
    return min(1, (Double(epoch) + Double(step) / Double(max(1, stepsPerEpoch))) / epochs)
  }
}

/// One step of training: a batch and its pass through the network.
///
/// All terms of a loss share the pass of the batch's own images: their logits, and input gradients
/// that go back through this pass. Random numbers belong to a purpose. A term therefore gets the
/// same numbers, whichever other terms there are and in whatever order they are computed.
public final class TrainingStep {
  public let network: Network
  /// The batch, on the network's device.
  public let batch: Batch
  /// The behaviour of the network in all passes of this step.
  public let pass: Pass
  /// The seed of the epoch.
  public let seed: Seed
  public let progress: TrainingProgress

  private let variable: Tensor
  private let cleanLogits: Tensor?
  private let cleanBatches = NormalizedBatches()

  /// - Parameters:
  ///   - pass: the behaviour of the network in all passes of this step. Dropout masks derive from
  ///     its seed.
  ///   - seed: the seed of all other random numbers. It is the same for all steps of an epoch,
  ///     since each number belongs to an example.
  ///   - readsCleanLogits: whether the batch's own images pass through the network.
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
      readsCleanLogits
      ? network.forward(variable, pass.purpose("clean images"), recording: cleanBatches) : nil
  }

  /// The images, `[N, C, H, W]` or `[N, D]`.
  public var images: Tensor { batch.images }
  /// The true labels, int64 `[N]`.
  public var labels: Tensor { batch.labels }

  /// The logits of the images `[N, K]`, differentiable in the parameters of the network and in the
  /// images.
  /// - Precondition: The objective reads them, as `Objective.readsCleanLogits` says.
  public var logits: Tensor {
    guard let cleanLogits else {
      preconditionFailure("an objective reads logits although its readsCleanLogits is false")
    }
    return cleanLogits
  }

  /// The random numbers of this batch's examples for a purpose.
  public func draws(_ purpose: String) -> ExampleDraws {
    ExampleDraws(seed.derive(purpose), examples: batch.places, device: network.device)
  }

  /// The logits `[N, K]` of other images, from a pass of their own. The pass has its own batch
  /// statistics, which update the running statistics, and the dropout masks of its purpose.
  public func forward(_ images: Tensor, _ purpose: String) -> Tensor {
    network.forward(images, pass.purpose(purpose))
  }

  /// The bounds of the logits for inputs in a box around the images, with the dropout masks and the
  /// batch statistics of the pass that gave `logits`.
  /// - Throws: `Failure.badData` that names a layer without bounds.
  public func bounds(_ box: Bounds) throws -> Bounds {
    try network.bounds(box, pass.purpose("clean images"), batches: cleanBatches)
  }

  /// The network's computation for inputs of a set around the images, differentiable in the
  /// parameters, with the batch statistics of the pass that gave `logits` and without dropout.
  /// - Throws: `Failure.badData` that names a layer without bounds.
  public func relaxation(on set: InputSet) throws -> Relaxation {
    try Relaxation(on: set, refining: false, learning: true) {
      try network.relaxed($0, batches: pass.usesBatchStatistics ? cleanBatches : nil)
    }
  }

  /// The input gradient of each image, ∇ₓ Σ lossₙ, in the shape of the images, differentiable in
  /// the parameters and in the images.
  ///
  /// The gradient goes back through the pass that gave `logits`, with its batch statistics and
  /// dropout masks; there is no other forward pass. The losses are summed over the batch, so each
  /// image gets the gradient of its own loss. In training behaviour it also contains the effect of
  /// the image on the others through the batch statistics, as the loss of the whole batch does.
  ///
  /// - Parameter losses: logits `[N, K]` → one number per image, `[N]`.
  public func inputGradient(of losses: (_ logits: Tensor) -> Tensor) -> Tensor {
    inputDerivative(of: losses(logits).sum())
  }

  /// The same gradient as a constant, to make adversarial examples.
  public func fixedInputGradient(of losses: (_ logits: Tensor) -> Tensor) -> Tensor {
    losses(logits).sum().gradient(of: variable, retainingGraph: true).detached
  }

  /// The derivative in the images of a scalar that was computed from `logits` or from input
  /// gradients, in the shape of the images. It can be differentiated again.
  public func inputDerivative(of scalar: Tensor) -> Tensor {
    scalar.gradient(of: variable, differentiable: true)
  }
}
