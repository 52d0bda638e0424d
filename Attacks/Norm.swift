import ModelCore

/// How the size of a perturbation is measured, per image.
public enum Norm: String, Sendable, Codable, CaseIterable {
  /// The largest change of a pixel.
  case linf
  /// The Euclidean length of the change.
  case l2
  /// The sum of all changes.
  case l1
  /// The number of changed features.
  case l0

  /// The norms of perturbations `[N, …]`, `[N]`.
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
