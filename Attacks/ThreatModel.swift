import ModelCore

/// What an attacker may do to an image: move it by at most `epsilon` in a norm, and stay among
/// valid pixels.
///
/// Its three verbs are the whole geometry of gradient attacks. The range of pixels comes from the
/// classifier, so ε is always in pixel units.
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

  /// How much beyond ε float32 arithmetic may carry a perturbation: a few roundings of a pixel for
  /// the largest pixel, and in proportion to ε for sums over pixels.
  public var tolerance: Double {
    let pixel = max(abs(valueRange.lowerBound), abs(valueRange.upperBound)) * 0x1p-22
    return norm == .linf ? pixel : pixel + epsilon * 1e-5
  }

  /// The nearest images (in ℓ2) that are within ε of `originals`, and then among valid pixels.
  public func project(_ images: Tensor, around originals: Tensor) -> Tensor {
    // images, originals [N, C, H, W]
    let projected: Tensor
    switch norm {
    case .linf: projected = images.maximum(originals - epsilon).minimum(originals + epsilon)
    case .l2:
      let move = images - originals
      let length = norm.size(move).perImage(like: move).maximum(1e-12)
      projected = originals + move * (length.power(-1) * epsilon).minimum(1)
    case .l1: projected = originals + projectedOntoL1(images - originals)
    case .l0: projected = originals + keepingLargest(images - originals)
    }
    return projected.clamped(to: valueRange)
  }

  /// The step of length `size` (in the norm) that raises a function with this gradient the most;
  /// zero where the gradient is.
  public func step(_ gradient: Tensor, size: Double) -> Tensor {
    switch norm {
    case .linf: return gradient.sign * size
    case .l2, .l1:
      // By its largest number first: the squares of tiny gradients would vanish.
      let largest = Norm.linf.size(gradient).perImage(like: gradient).maximum(
        Double(Float.leastNormalMagnitude))
      let scaled = gradient / largest
      return scaled * (norm.size(scaled).perImage(like: gradient).maximum(1e-12).power(-1) * size)
    case .l0: preconditionFailure("a step in ℓ0 is no gradient step")
    }
  }

  /// Images drawn uniformly from the ball around `originals`, and then moved among valid pixels.
  public func randomStart(_ originals: Tensor, _ draws: ExampleDraws) -> Tensor {
    let shape = Array(originals.shape.dropFirst())
    let radius = {
      // The share of the ball within radius r grows as r^D, so r = u^(1/D) for a uniform u.
      draws.purpose("radius").uniform().power(1 / Double(max(1, shape.reduce(1, *))))
        .perImage(like: originals)
    }
    let move: Tensor
    switch norm {
    case .linf: move = draws.uniform(shape, in: -1..<1) * epsilon
    case .l2:
      let direction = draws.normal(shape)
      let length = norm.size(direction).perImage(like: direction).maximum(1e-12)
      move = direction / length * radius() * epsilon
    case .l1:
      // Signed exponential numbers over their sum are uniform on the sphere; the radius makes that
      // the ball.
      let sizes = -(1 - draws.uniform(shape)).logarithm
      let signed = sizes * draws.purpose("signs").signs(shape)
      let length = norm.size(signed).perImage(like: signed).maximum(1e-12)
      move = signed / length * radius() * epsilon
    case .l0: move = originals * 0
    }
    return (originals + move).clamped(to: valueRange)
  }

  /// Duchi et al., 2008: shrink all magnitudes by the one threshold that makes their sum ε.
  private func projectedOntoL1(_ move: Tensor) -> Tensor {
    let flat = move.flattened
    let size = flat.shape[1]
    let sorted = flat.absolute.topK(size, 1).values
    let ranks = Tensor((1...size).map(Float.init), shape: [1, size]).to(move.device)
    let excess = (sorted.cumulativeSum(1) - epsilon) / ranks
    let active = sorted.isGreater(than: excess).to(.int64).sum([1], keep: true).maximum(1)
    let threshold = excess.gather(1, active - 1).maximum(0)
    return (flat.sign * (flat.absolute - threshold).maximum(0)).reshaped(move.shape)
  }

  /// The ⌊ε⌋ largest changes, the others undone.
  private func keepingLargest(_ move: Tensor) -> Tensor {
    let flat = move.flattened
    let kept = min(Int(epsilon), flat.shape[1])
    guard kept > 0 else { return move * 0 }
    let indices = flat.absolute.topK(kept, 1).indices
    return (flat * 0).scattering(1, indices, flat.gather(1, indices)).reshaped(move.shape)
  }
}

extension Tensor {
  /// One number per image `[N]`, in the rank of images so that it multiplies each whole image.
  func perImage(like images: Tensor) -> Tensor {
    reshaped([shape[0]] + [Int](repeating: 1, count: images.rank - 1))
  }
}
