import ModelCore

extension Norm {
  /// The nearest perturbation (in the ℓ2 sense) to each δ whose norm is at most a radius of its
  /// own.
  ///
  ///     ℓ∞: clip(δ, −r, r)                        ℓ2: δ·min(r / ‖δ‖₂, 1)
  ///     ℓ1: sign(δᵢ)·max(|δᵢ| − τ, 0), see below  ℓ0: the ⌊r⌋ largest changes are kept
  ///
  /// - Parameters:
  ///   - move: δ, `[N, …]`.
  ///   - radius: r ≥ 0, `[N]`; in ℓ0, a number of features.
  func nearest(_ move: Tensor, within radius: Tensor) -> Tensor {
    let bound = radius.perImage(like: move)
    switch self {
    case .linf: return move.minimum(bound).maximum(-bound)
    case .l2: return move * (bound / size(move).perImage(like: move).maximum(1e-12)).minimum(1)
    case .l1: return Self.nearestInL1(move, within: radius)
    case .l0: return Self.nearestInL0(move, within: radius)
    }
  }

  /// The dual norm of the gradient of a linear function: the largest increase per unit of this
  /// norm. ℓ0 has none.
  var dual: Norm {
    switch self {
    case .linf: .l1
    case .l2: .l2
    case .l1: .linf
    case .l0: preconditionFailure("ℓ0 is not a norm, and has no dual norm")
    }
  }

  /// The nearest perturbation (in ℓ2) to each δ with ‖·‖₁ ≤ r.
  ///
  /// It is sign(δᵢ)·max(|δᵢ| − τ, 0) with one threshold τ ≥ 0 for the whole image. Let u₁ ≥ u₂ ≥ …
  /// be the magnitudes in descending order. If the k largest ones remain positive, the threshold
  /// that makes their sum r is τₖ = (u₁ + … + uₖ − r) / k. The condition uₖ > τₖ holds for exactly
  /// the first K ranks, so counting it gives K, and τ = τ_K. If ‖δ‖₁ ≤ r already, τ_K ≤ 0 and the
  /// maximum with 0 leaves δ unchanged. Source: J. Duchi, S. Shalev-Shwartz, Y. Singer and T.
  /// Chandra (2008), Figure 1.
  private static func nearestInL1(_ move: Tensor, within radius: Tensor) -> Tensor {
    // flat, sorted, excess [N, D]; ranks [1, D]; active (the number K), threshold [N, 1]
    let flat = move.flattened
    let size = flat.shape[1]
    let sorted = flat.absolute.topK(size, 1).values
    let ranks = Tensor((1...size).map(Float.init), shape: [1, size]).to(move.device)
    let excess = (sorted.cumulativeSum(1) - radius.reshaped([-1, 1])) / ranks
    let active = sorted.isGreater(than: excess).to(.int64).sum([1], keep: true).maximum(1)
    let threshold = excess.gather(1, active - 1).maximum(0)
    return (flat.sign * (flat.absolute - threshold).maximum(0)).reshaped(move.shape)
  }

  /// The nearest perturbation (in ℓ2) to each δ with at most ⌊r⌋ changed features.
  private static func nearestInL0(_ move: Tensor, within radius: Tensor) -> Tensor {
    // flat, places [N, D]; ranks [1, D]: the k-th largest change has the rank k, from 0 on.
    let flat = move.flattened
    let size = flat.shape[1]
    let sorted = flat.absolute.topK(size, 1)
    let ranks = Tensor((0..<size).map(Float.init), shape: [1, size]).to(move.device)
    let kept = ranks.isLess(than: radius.floor.reshaped([-1, 1])).to(.float32)
    // Every feature has one rank, so scattering sets every element.
    return (flat * (flat * 0).scattering(1, sorted.indices, kept)).reshaped(move.shape)
  }
}
