import ModelCore

/// A penalty on input gradients: the loss whose gradient is penalised, and how the gradient is
/// measured.
///
/// With gₙ the gradient of image n's loss in its pixels, and its mask Aₙ, the penalty is
///
///     mean over n of ‖Aₙ ⊙ gₙ‖₂², or of ‖Aₙ ⊙ gₙ‖₁ for `l1`
///
/// ⊙ is the element-wise product. Only `sumOfLogProbabilities` uses masks; for the others all
/// elements of Aₙ are one. H denotes the cross-entropy, y the true label, and ŷ = p the network's
/// probabilities for K classes.
public enum GradientPenalty: String, Sendable, CaseIterable {
  /// ‖∇ₓH(y, ŷ)‖₂², the gradient of the cross-entropy of the true label. Source: H. Drucker and Y.
  /// Le Cun (1992).
  case doubleBackpropagation
  /// ‖∇ₓH(1/K, ŷ)‖₂², the gradient of the cross-entropy of the uniform distribution. No pixel may
  /// make the network more certain of any class. Source: A. Ross, "Training Machine Learning Models
  /// by Regularizing their Explanations" (2018).
  case certaintyInsensitivity
  /// ‖A ⊙ ∇ₓ Σ_k log p_k‖₂², for masks A that mark the pixels which must not be a reason for a
  /// prediction. Source: A. Ross, M. Hughes and F. Doshi-Velez (2017).
  case sumOfLogProbabilities
  /// ‖∇ₓH(y, ŷ)‖₁, the ℓ1 norm of the gradient of the cross-entropy of the true label.
  case l1

  /// The losses whose gradients are penalised: logits `[N, K]`, labels `[N]` → `[N]`.
  public func losses(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    switch self {
    // H(1/K, ŷ) = −Σ_k (1/K)·log p_k is the mean over the classes.
    case .doubleBackpropagation, .l1: logits.crossEntropy(labels)
    case .certaintyInsensitivity: -logits.logSoftmax().mean([1])
    case .sumOfLogProbabilities: logits.logSoftmax().sum([1])
    }
  }

  /// Whether the penalty uses the masks of the examples.
  public var isMasked: Bool { self == .sumOfLogProbabilities }

  /// The penalty of each image: gradients `[N, …]` → `[N]`.
  /// - Parameter masks: in the shape of the gradients. They are required if the penalty is masked,
  ///   and ignored otherwise.
  public func sizes(_ gradient: Tensor, masks: Tensor?) -> Tensor {
    let counted = counted(gradient, masks).flattened
    return self == .l1 ? counted.absolute.sum([1]) : counted.square.sum([1])
  }

  /// The derivative of `sizes` in the gradient, in its shape. Where the gradient is zero, it is
  /// zero.
  func slopes(_ gradient: Tensor, masks: Tensor?) -> Tensor {
    // ∂/∂g Σ (A·g)² = 2·A·(A·g), and ∂/∂g Σ |g| = sign g.
    self == .l1 ? gradient.sign : counted(counted(gradient, masks) * 2, masks)
  }

  private func counted(_ gradient: Tensor, _ masks: Tensor?) -> Tensor {
    guard isMasked else { return gradient }
    guard let masks else { preconditionFailure("a masked penalty needs the masks of the examples") }
    return gradient * masks
  }
}
