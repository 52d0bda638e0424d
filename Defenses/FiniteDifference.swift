import ModelCore
import Support

/// A gradient penalty whose derivative in the parameters θ is approximated by a difference of two
/// ordinary gradients.
///
/// Let L = Σₙ lossₙ be the loss of the batch, g = ∇ₓL its input gradient, and P = (1/N) Σₙ φ(gₙ)
/// the penalty. By the chain rule, with v = φ′(g) held constant,
///
///     ∂P/∂θ = (1/N) · ∂/∂θ ⟨∇ₓL(x; θ), v⟩
///
/// ⟨∇ₓL, v⟩ is the derivative of L in the direction v, which is the limit of [L(x + t·v) − L(x)] /
/// t for small t. Exchanging the derivatives gives
///
///     ∂P/∂θ = (1/N) · [∂L(x + t·v)/∂θ − ∂L(x)/∂θ] / t + O(t)
///
/// so two ordinary gradients replace a second derivative.
///
/// t is one number for the whole batch, so that v keeps its direction where images share batch
/// statistics. It is chosen such that the image with the largest ‖vₙ‖₂ moves by `length`. Both
/// passes have the same dropout masks and do not change the running statistics. Where the move
/// crosses a kink of a ReLU or of a maximum, the difference contains a part that the exact second
/// derivative, which is zero almost everywhere for these layers, does not.
struct FiniteDifference {
  let penalty: GradientPenalty
  /// The largest move of an image, in units of pixel values (ℓ2).
  let length: Double

  init(_ penalty: GradientPenalty, length: Double) {
    self.penalty = penalty
    self.length = length
  }

  /// The penalty, a scalar. Its value is exact, and its derivative in the parameters is the
  /// difference above.
  func value(_ step: TrainingStep) -> Tensor {
    // variable, gradient (g), direction (v) [N, …]; here, there (L at x and at x + t·v) []
    let variable = step.images.tracked
    let here = penalty.losses(look(step, variable), step.labels).sum()
    let gradient = here.gradient(of: variable, retainingGraph: true).detached
    let exact = penalty.sizes(gradient).mean()
    let direction = penalty.slopes(gradient)
    let longest = direction.flattened.square.sum([1]).max().scalar.squareRoot()
    // Without a direction the penalty has no derivative. If the gradient is not a number (NaN), so
    // is the value, and training stops with a message.
    guard longest > 0, longest.isFinite else { return exact }
    let t = length / longest
    let there = penalty.losses(look(step, step.images + direction * t), step.labels).sum()
    let difference = (there - here) / (t * Double(step.images.shape[0]))
    // The value of the first two terms is zero, and the derivative of the last one is zero.
    return difference - difference.detached + exact
  }

  /// A pass that does not change the running statistics. Both passes have the same purpose, and so
  /// the same dropout masks.
  private func look(_ step: TrainingStep, _ images: Tensor) -> Tensor {
    step.network.forward(images, step.pass.withoutUpdates.purpose("finite difference"))
  }
}
