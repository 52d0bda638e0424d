import ModelCore
import Support

/// A gradient penalty whose gradient in the parameters is approximated by a difference of two
/// ordinary gradients.
///
/// Let L = Σ_n loss_n, g = ∇ₓL and P = (1/N) Σ_n φ(g_n). Then ∂P/∂θ = (1/N) ∂/∂θ ⟨∇ₓL(x; θ), v⟩
/// with v = φ′(g) held constant, and a product of a Hessian with v is a difference of gradients:
///
///     ∂P/∂θ = (1/N) [∂L(x + t·v)/∂θ − ∂L(x)/∂θ] / t + O(t)
///
/// t is one number for the batch, so that v keeps its direction where images share batch
/// statistics; the image with the longest v moves by `length`. Both passes have the same dropout
/// masks, drawn for them, and move no running statistics. Where the move crosses a kink of a ReLU
/// or of a pooling, that part of the second derivative is smeared and not zero.
struct FiniteDifference {
  let penalty: GradientPenalty
  /// The longest move of an image, in pixel units (ℓ2).
  let length: Double

  init(_ penalty: GradientPenalty, length: Double) {
    self.penalty = penalty
    self.length = length
  }

  /// The penalty, a scalar: its value is exact, its gradient in the parameters the difference
  /// above.
  func value(_ step: TrainingStep) -> Tensor {
    // images [N, …]
    let variable = step.images.tracked
    let here = penalty.losses(look(step, variable), step.labels).sum()
    let gradient = here.gradient(of: variable, retainingGraph: true).detached
    let masks = step.batch.annotations.masks
    let exact = penalty.sizes(gradient, masks: masks).mean()
    let direction = penalty.slopes(gradient, masks: masks)
    let longest = direction.flattened.square.sum([1]).max().scalar.squareRoot()
    // Without a direction there is nothing to differentiate; what is not a number is told by the
    // value.
    guard longest > 0, longest.isFinite else { return exact }
    let t = length / longest
    let there = penalty.losses(look(step, step.images + direction * t), step.labels).sum()
    let difference = (there - here) / (t * Double(step.images.shape[0]))
    return difference - difference.detached + exact
  }

  /// A pass that moves no running statistics. Both passes have one purpose and so the same dropout
  /// masks.
  private func look(_ step: TrainingStep, _ images: Tensor) -> Tensor {
    step.network.forward(images, step.pass.withoutUpdates.purpose("finite difference"))
  }
}
