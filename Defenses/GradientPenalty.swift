import ModelCore

/// A penalty on input gradients: the loss whose gradient is penalised, and how the gradient is
/// measured.
///
/// With gₙ the gradient of image n's loss in its pixels, the penalty is
///
///     mean over n of ‖gₙ‖₂², or of ‖gₙ‖₁ for `l1`
///
/// H denotes the cross-entropy, y the true label, and ŷ the network's probabilities for K classes.
/// `RightForTheRightReasons` and `LogitGradientRegularization` penalise gradients in masks.
public enum GradientPenalty: String, Sendable, CaseIterable {
  /// ‖∇ₓH(y, ŷ)‖₂², the gradient of the cross-entropy of the true label. Source: H. Drucker and Y.
  /// Le Cun (1992).
  case doubleBackpropagation = "double-backpropagation"
  /// ‖∇ₓH(1/K, ŷ)‖₂², the gradient of the cross-entropy of the uniform distribution. No pixel may
  /// make the network more certain of any class. Source: A. Ross, "Training Machine Learning Models
  /// by Regularizing their Explanations" (2018).
  case certaintyInsensitivity = "certainty-insensitivity"
  /// ‖∇ₓH(y, ŷ)‖₁, the ℓ1 norm of the gradient of the cross-entropy of the true label.
  case l1

  /// The losses whose gradients are penalised: logits `[N, K]`, labels `[N]` → `[N]`.
  public func losses(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    switch self {
    // H(1/K, ŷ) = −Σ_k (1/K)·log p_k is the mean over the classes.
    case .doubleBackpropagation, .l1: logits.crossEntropy(labels)
    case .certaintyInsensitivity: -logits.logSoftmax().mean([1])
    }
  }

  /// The penalty of each image: gradients `[N, …]` → `[N]`.
  public func sizes(_ gradient: Tensor) -> Tensor {
    let flat = gradient.flattened
    return self == .l1 ? flat.absolute.sum([1]) : flat.square.sum([1])
  }

  /// The derivative of `sizes` in the gradient, in its shape. Where the gradient is zero, it is
  /// zero.
  func slopes(_ gradient: Tensor) -> Tensor {
    // ∂/∂g Σ g² = 2·g, and ∂/∂g Σ |g| = sign g.
    self == .l1 ? gradient.sign : gradient * 2
  }
}
