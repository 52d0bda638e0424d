import ModelCore

/// An explanation of a model's answers: the gradient of a function of its outputs in the input. Its
/// largest components are the features on which the answer depends most, near the example.
public enum Explanation: String, Sendable, CaseIterable {
  /// ∇ₓ Σ_k log p_k. Source: A. Ross, M. Hughes and F. Doshi-Velez, "Right for the Right Reasons"
  /// (2017).
  case sumOfLogProbabilities
  /// ∇ₓ max_k p_k, the gradient of the probability of the predicted class.
  case maxProbability

  /// The explanation of each example.
  /// - Parameters:
  ///   - classifier: the model, whose outputs are logits.
  ///   - images: float32 `[N, C, H, W]` or `[N, D]`, on the classifier's device.
  /// - Returns: float32 in the shape of the images.
  public func gradients(of classifier: any Classifier, at images: Tensor) -> Tensor {
    // logits [N, K]
    classifier.inputGradient(at: images) { logits in
      switch self {
      case .sumOfLogProbabilities: logits.logSoftmax().sum([1])
      case .maxProbability: logits.softmax().max([1])
      }
    }
  }
}

extension Tensor {
  /// M_c(g): whether each component of an example's gradient g is larger in magnitude than the share
  /// c of the example's largest one, |g_d| > c·max_e |g_e|. An example whose gradient is zero has no
  /// large components. gradients `[N, …]` → bool in their shape.
  ///
  /// Source: A. Ross, M. Hughes and F. Doshi-Velez, "Right for the Right Reasons" (2017), with
  /// c = 0.67.
  public func largeComponents(above share: Double) -> Tensor {
    let sizes = absolute.flattened
    return sizes.isGreater(than: sizes.max([1], keep: true) * share).reshaped(shape)
  }
}
