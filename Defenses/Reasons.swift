import Explanations
import ModelCore

extension Classifier {
  /// The reasons of the classifier for its predictions: M_c(∇ₓ p_ŷ), the features on which the
  /// probability of the predicted class depends most.
  ///
  /// They are found from the log-odds of the predicted class ŷ instead of its probability. Since
  ///
  ///     ∇ₓ p_ŷ = p_ŷ·(1 − p_ŷ)·∇ₓ log(p_ŷ / (1 − p_ŷ)),
  ///
  /// both gradients have the same large components. That of the log-odds is also exact for an example
  /// whose p_ŷ is so close to 1 that it rounds to 1, as is usual after a long training.
  ///
  /// Source: A. Ross, M. Hughes and F. Doshi-Velez, "Right for the Right Reasons" (2017), section 3,
  /// which looks for another explanation with the help of these masks.
  /// - Parameters:
  ///   - images: float32 `[N, C, H, W]` or `[N, D]`, on the classifier's device.
  ///   - share: c, above 0 and below 1. A component is large if its magnitude is more than c times
  ///     the largest one of its example.
  /// - Returns: bool in the shape of the images. An example whose gradient is zero or not a number
  ///   has no reasons.
  public func reasons(at images: Tensor, above share: Double) -> Tensor {
    predictionGradients(at: images).largeComponents(above: share)
  }

  /// The gradient of the log-odds of the predicted class of each example, ∇ₓ log(p_ŷ / (1 − p_ŷ)). It
  /// has the direction of ∇ₓ p_ŷ.
  /// - Parameter images: as in `reasons(at:above:)`.
  /// - Returns: float32 in the shape of the images.
  public func predictionGradients(at images: Tensor) -> Tensor {
    inputGradient(at: images) { $0.predictedLogOdds }
  }
}

extension Tensor {
  /// The log-odds of the class with the largest logit in each row, `[N, K]` → `[N]`.
  var predictedLogOdds: Tensor { logOdds(of: argmax(1)) }

  /// log(p_k / (1 − p_k)) = z_k − log Σ_{j ≠ k} exp z_j of each row of logits z, for the class k of
  /// the row. `[N, K]` → `[N]`.
  /// - Parameter classes: int64 `[N]`.
  func logOdds(of classes: Tensor) -> Tensor {
    // chosen, others [N, K]; rest [N]
    let chosen = classes.oneHot(classes: shape[1])
    let others = self - chosen * 1e30
    // For any class j, log Σ exp = z_j − log softmax(z)_j; the largest of the others is taken.
    let rest = others.max([1]) - others.logSoftmax().max([1])
    return (self * chosen).sum([1]) - rest
  }
}
