import ModelCore

/// What is punished about input gradients: of which loss, and in which measure.
///
/// With g_n the gradient of image n's loss in its pixels, and a mask A_n (all ones unless a step
/// says otherwise), the penalty is the mean over the images of ‖A_n ⊙ g_n‖₂², or for `l1` of ‖A_n ⊙
/// g_n‖₁.
public enum GradientPenalty: String, Sendable, CaseIterable {
  /// ‖∇ₓH(y, ŷ)‖₂² with the true label y. Drucker & Le Cun, 1992.
  case doubleBackpropagation
  /// ‖∇ₓH(1/K, ŷ)‖₂² with the uniform target: no pixel may make the network surer of anything. A.
  /// Ross, 2018.
  case certaintyInsensitivity
  /// ‖A ⊙ ∇ₓ Σ_k log p_k‖₂², for masks that say which pixels are no reason. Ross, Hughes &
  /// Doshi-Velez, 2017.
  case sumOfLogProbabilities
  /// ‖∇ₓH(y, ŷ)‖₁ with the true label y.
  case l1

  /// The losses whose gradients are punished: logits `[N, K]`, labels `[N]` → `[N]`.
  public func losses(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    switch self {
    case .doubleBackpropagation, .l1: logits.crossEntropy(labels)
    case .certaintyInsensitivity: -logits.logSoftmax().mean([1])
    case .sumOfLogProbabilities: logits.logSoftmax().sum([1])
    }
  }

  /// Whether each pixel counts as much as the example's mask says.
  public var isMasked: Bool { self == .sumOfLogProbabilities }

  /// The measure of each image's gradient: `[N, …]` → `[N]`.
  /// - Parameter masks: in the gradients' shape; needed if the penalty is masked, unused if not.
  public func sizes(_ gradient: Tensor, masks: Tensor?) -> Tensor {
    let counted = counted(gradient, masks).flattened
    return self == .l1 ? counted.absolute.sum([1]) : counted.square.sum([1])
  }

  /// The derivative of `sizes` in the gradient, in its shape; zero where the gradient is.
  func slopes(_ gradient: Tensor, masks: Tensor?) -> Tensor {
    // d/dg Σ (A·g)² = 2·A·(A·g), and d/dg Σ |g| = sign g.
    self == .l1 ? gradient.sign : counted(counted(gradient, masks) * 2, masks)
  }

  private func counted(_ gradient: Tensor, _ masks: Tensor?) -> Tensor {
    guard isMasked else { return gradient }
    guard let masks else { preconditionFailure("a masked penalty needs the examples' masks") }
    return gradient * masks
  }
}
