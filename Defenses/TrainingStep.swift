import ModelCore
import Support

/// One batch on its way through a network. What several terms need, the logits of the clean images
/// and their gradients in the images, comes from one forward pass.
public final class TrainingStep {
  public let network: Network
  /// `[N, C, H, W]`
  public let images: Tensor
  /// int64 `[N]`
  public let labels: Tensor
  public let pass: Pass
  /// How much each pixel of each image counts in penalties of input gradients, in the images'
  /// shape; nil: all of them one.
  public let mask: Tensor?

  private lazy var variable = images.tracked
  /// The logits of the images `[N, K]`, differentiable in the network's parameters and in the
  /// images.
  public private(set) lazy var logits = forward(variable)
  /// The logits that training accuracy is counted from: those of the first pass that an objective
  /// made with this step.
  public private(set) var judged: Tensor?

  /// Where noise and random starts are drawn from: where dropout's masks are, or a fixed seed in a
  /// pass without them.
  public private(set) lazy var random = pass.random ?? RandomSource(Seed(0), device: network.device)

  public init(
    _ network: Network, _ images: Tensor, _ labels: Tensor, _ pass: Pass, mask: Tensor? = nil
  ) {
    self.network = network
    self.images = images
    self.labels = labels
    self.pass = pass
    self.mask = mask
  }

  /// images `[N, C, H, W]` → logits `[N, K]` in a pass of their own: its own batch statistics,
  /// which move the running ones, and its own dropout masks.
  public func forward(_ images: Tensor) -> Tensor {
    let logits = network.forward(images, pass)
    if judged == nil { judged = logits.detached }
    return logits
  }

  /// The input gradient of every image, ∇ₓ Σ loss, `[N, C, H, W]`, differentiable in the parameters
  /// and in the images.
  ///
  /// It goes back through the pass that made `logits`, with that pass's batch statistics and
  /// dropout masks; nothing runs forward again. Summed over the batch, each loss leaves its own
  /// image's gradient (with batch statistics also what the image does to the others, as the loss of
  /// the whole batch has it).
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
