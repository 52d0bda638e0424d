import ModelCore

/// How the size of a perturbation is measured, per image.
public enum Norm: String, Sendable, Codable, CaseIterable {
  case linf, l2, l1, l0

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

/// What an attacker may do to an image: move it by at most `epsilon` in a norm, and stay among valid pixels.
///
/// The range of pixels comes from the classifier, so ε is always in pixel units.
public struct ThreatModel: Sendable {
  public let norm: Norm
  /// The largest allowed perturbation, in pixel units.
  public let epsilon: Double
  /// The smallest and largest valid pixel.
  public let valueRange: ClosedRange<Double>

  public init(_ norm: Norm, epsilon: Double, valueRange: ClosedRange<Double>) {
    self.norm = norm
    self.epsilon = epsilon
    self.valueRange = valueRange
  }

  /// How much beyond ε float32 arithmetic may carry a perturbation: a few roundings of a pixel for the largest pixel, and
  /// in proportion to ε for sums over pixels.
  public var tolerance: Double {
    let pixel = max(abs(valueRange.lowerBound), abs(valueRange.upperBound)) * 0x1p-22
    return norm == .linf ? pixel : pixel + epsilon * 1e-5
  }
}
