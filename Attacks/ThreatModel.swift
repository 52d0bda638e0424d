import ModelCore

/// The perturbations that an attacker may make: those of norm at most ε that keep all pixels valid.
///
/// The threat model defines the geometry of gradient attacks by three functions: `project`, `step`
/// and `randomStart`. The pixel range is that of the classifier, so ε is always in units of pixel
/// values.
///
///     let threat = ThreatModel(.l2, epsilon: 0.5, valueRange: 0...1)
///     let next = threat.project(x + threat.step(gradient, size: 0.1), around: images)
public struct ThreatModel: Sendable {
  public let norm: Norm
  /// ε, the largest allowed norm, in units of pixel values; in ℓ0, a number of features.
  public let epsilon: Double
  /// The smallest and largest valid pixel.
  public let valueRange: ClosedRange<Double>
  /// The attack's own budget, of which the threat model was made: ε, unless the budget is not a
  /// size, such as the severity of a corruption.
  public let budget: Double

  /// - Parameter budget: the attack's own budget; nil if it is ε.
  public init(
    _ norm: Norm, epsilon: Double, valueRange: ClosedRange<Double>, budget: Double? = nil
  ) {
    self.norm = norm
    self.epsilon = epsilon
    self.valueRange = valueRange
    self.budget = budget ?? epsilon
  }

  /// The threat model of an attack whose budget is not a size: all valid images for a budget above
  /// 0, and the unchanged image alone for 0.
  static func anyImage(budget: Double, valueRange: ClosedRange<Double>) -> ThreatModel {
    let width = Norm.linf.largestSize(in: valueRange, features: 1)
    return ThreatModel(
      .linf, epsilon: budget > 0 ? width : 0, valueRange: valueRange, budget: budget)
  }

  /// How much every feature may change if all of them change by the same amount: ε in ℓ∞, ε/√D in
  /// ℓ2 and ε/D in ℓ1, for D features.
  /// - Parameter images: `[N, …]`; only their shape is used.
  func reach(of images: Tensor) -> Double {
    let features = Double(images.shape.dropFirst().reduce(1, *))
    return switch norm {
    case .linf: epsilon
    case .l2: epsilon / features.squareRoot()
    case .l1, .l0: epsilon / features
    }
  }

  /// How far float32 rounding may carry the norm of a perturbation beyond ε.
  ///
  /// X + δ is rounded to float32, so each pixel may differ by a few units in the last place of the
  /// largest pixel: that much is allowed in ℓ∞. The other norms add up the errors of many pixels,
  /// so an amount in proportion to ε is added.
  public var tolerance: Double {
    let pixel = max(abs(valueRange.lowerBound), abs(valueRange.upperBound)) * 0x1p-22
    return norm == .linf ? pixel : pixel + epsilon * 1e-5
  }

  /// Moves images into the ball of radius ε around the originals, and then into the valid pixel
  /// range.
  ///
  /// The first move goes to the nearest point of the ball in the ℓ2 sense. The second one clips
  /// each pixel to the range. It leads to no larger perturbation, because the originals are in the
  /// range: clipping moves no pixel away from its original. In ℓ∞ the result is the nearest point
  /// of the ball and the range together, since both are boxes.
  ///
  /// - Parameters:
  ///   - images: `[N, …]`.
  ///   - originals: in the same shape, within the valid pixel range.
  public func project(_ images: Tensor, around originals: Tensor) -> Tensor {
    // images, originals [N, …]; move is the perturbation δ
    let projected: Tensor
    switch norm {
    case .linf: projected = images.maximum(originals - epsilon).minimum(originals + epsilon)
    case .l2:
      // The nearest point lies on the line to the centre: δ·min(ε / ‖δ‖₂, 1).
      let move = images - originals
      let length = norm.size(move).perImage(like: move).maximum(1e-12)
      projected = originals + move * (length.power(-1) * epsilon).minimum(1)
    case .l1:
      let radius = Tensor.full(epsilon, shape: [images.shape[0]], device: images.device)
      projected = originals + norm.nearest(images - originals, within: radius)
    case .l0: projected = originals + keepingLargest(images - originals)
    }
    return projected.clamped(to: valueRange)
  }

  /// The step for a gradient g `[N, …]`, of length `size` in the norm; zero where g is zero.
  ///
  /// In ℓ∞ it is size·sign(g), and in ℓ2 size·g / ‖g‖₂. No other step of the same length increases
  /// a linear function with this gradient more. In ℓ1 it is size·g / ‖g‖₁, which changes all
  /// pixels; the steepest step would change one pixel only. There is no gradient step in ℓ0.
  public func step(_ gradient: Tensor, size: Double) -> Tensor {
    switch norm {
    case .linf: return gradient.sign * size
    case .l2, .l1:
      // g / max|g| first: in float32 the squares of very small gradients are zero, and so would be
      // the norm.
      let largest = Norm.linf.size(gradient).perImage(like: gradient).maximum(
        Double(Float.leastNormalMagnitude))
      let scaled = gradient / largest
      return scaled * (norm.size(scaled).perImage(like: gradient).maximum(1e-12).power(-1) * size)
    case .l0: preconditionFailure("there is no gradient step in ℓ0")
    }
  }

  /// Random points, uniform in the ball of radius ε around the originals, and then clipped to the
  /// valid pixel range.
  ///
  /// In a region, the points are uniform in the part of the ball that changes only features of the
  /// region. In ℓ0 the start is the original itself.
  public func randomStart(
    _ originals: Tensor, _ draws: ExampleDraws, in region: Region = .everywhere
  ) -> Tensor {
    // originals, move [N, …]
    let shape = Array(originals.shape.dropFirst())
    let radius = {
      // A ball of radius r has the share r^D of the unit ball's volume in D dimensions. The radius
      // of a uniform point therefore has the distribution P(R ≤ r) = r^D, and R = u^(1/D) with u
      // uniform in [0, 1) has that distribution. In a region, D is the number of its features.
      let uniform = draws.purpose("radius").uniform()
      let root =
        region.changeable == nil
        ? uniform.power(1 / Double(max(1, shape.reduce(1, *))))
        : (uniform.logarithm / region.sizes(in: originals).maximum(1)).exponential
      return root.perImage(like: originals)
    }
    let move: Tensor
    switch norm {
    case .linf: move = region.limited(draws.uniform(shape, in: -1..<1)) * epsilon
    case .l2:
      // The normal distribution has no preferred direction, so δ / ‖δ‖₂ is uniform on the sphere.
      let direction = region.limited(draws.normal(shape))
      let length = norm.size(direction).perImage(like: direction).maximum(1e-12)
      move = direction / length * radius() * epsilon
    case .l1:
      // Exponentially distributed numbers, divided by their sum, are uniform on the simplex Σ sᵢ =
      // 1, sᵢ ≥ 0. Random signs extend it to the sphere ‖s‖₁ = 1. −ln(1 − u) is exponentially
      // distributed for a uniform u in [0, 1).
      let sizes = -(1 - draws.uniform(shape)).logarithm
      let signed = region.limited(sizes * draws.purpose("signs").signs(shape))
      let length = norm.size(signed).perImage(like: signed).maximum(1e-12)
      move = signed / length * radius() * epsilon
    case .l0: move = originals * 0
    }
    return (originals + move).clamped(to: valueRange)
  }

  /// The nearest perturbation (in ℓ2) with at most ⌊ε⌋ changed features: the ⌊ε⌋ largest changes
  /// are kept, and the others are undone.
  private func keepingLargest(_ move: Tensor) -> Tensor {
    let flat = move.flattened
    let kept = min(Int(epsilon), flat.shape[1])
    guard kept > 0 else { return move * 0 }
    let indices = flat.absolute.topK(kept, 1).indices
    return (flat * 0).scattering(1, indices, flat.gather(1, indices)).reshaped(move.shape)
  }
}

extension Tensor {
  /// One number per image, `[N]`, in the rank of `images`, so that it multiplies each image as a
  /// whole.
  func perImage(like images: Tensor) -> Tensor {
    reshaped([shape[0]] + [Int](repeating: 1, count: images.rank - 1))
  }
}
