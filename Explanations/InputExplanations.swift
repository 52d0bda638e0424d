import ModelCore

extension ExplainedScalar {
  /// The explanation of each example: the gradient of the scalar in the input. Its largest components
  /// are the features on which the scalar depends most, near the example.
  /// - Parameters:
  ///   - classifier: the model, in evaluation behaviour.
  ///   - images: float32 `[N, C, H, W]` or `[N, D]`, on the classifier's device.
  ///   - labels: the true classes, int64 `[N]`.
  /// - Returns: float32 in the shape of the images.
  public func explanations(
    of classifier: any Classifier, at images: Tensor, labels: Tensor
  ) -> Tensor {
    classifier.inputGradient(at: images) { values($0, labels) }
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
