import ModelCore

/// The norm that measures a perturbation δ of one image.
public enum Norm: String, Sendable, Codable, CaseIterable {
  /// ℓ∞: max |δᵢ|, the largest change of a feature.
  case linf
  /// ℓ2: √Σ δᵢ², the Euclidean length.
  case l2
  /// ℓ1: Σ |δᵢ|, the sum of all changes.
  case l1
  /// ℓ0: the number of changed features. Each channel of a pixel is a feature.
  case l0

  /// The norm's symbol: ℓ∞, ℓ2.
  public var symbol: String { rawValue.replacing("linf", with: "ℓ∞").replacing("l", with: "ℓ") }

  /// The norm of each perturbation: `[N, …]` → `[N]`.
  public func size(_ perturbation: Tensor) -> Tensor {
    let flat = perturbation.flattened
    return switch self {
    case .linf: flat.absolute.max([1])
    case .l2: flat.square.sum([1]).squareRoot
    case .l1: flat.absolute.sum([1])
    case .l0: flat.differs(from: flat * 0).to(.float32).sum([1])
    }
  }
}
