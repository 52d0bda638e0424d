import ModelCore
import Support

/// SmoothGrad: the mean of the input gradients at noisy copies of the example,
///
///     (1/n) Σ_k ∇ₓ s(x + σ·w·z_k),   z_k ~ N(0, 1),
///
/// where w is the width of the valid range or, for rows of a table, the standard deviation of each
/// feature in the data. With σ = 0 it is the input gradient.
///
/// Source: D. Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017).
public struct SmoothGrad: ExplanationMethod, Configurable {
  public static let name = "smoothgrad"
  public static let title = "SmoothGrad"
  public static let summary = "the mean gradient at noisy copies (Smilkov et al. 2017)"
  public static let settings: [Setting<Self>] = [
    .explained(\.scalar),
    .double(
      "sigma", \.sigma, in: 0...10,
      "size of the noise, in widths of the valid range; for rows of a table, in standard deviations "
        + "of each feature"),
    .int("samples", \.samples, in: 1...10_000, "number of noisy copies"),
  ]
  public var scalar = ExplainedScalar.predictedProbability
  public var sigma = 0.15
  public var samples = 25

  public init() {}
  public init(_ settings: Settings) throws { try read(settings) }

  public func explain(_ batch: ExplainedBatch) -> Explanation {
    let shape = Array(batch.images.shape.dropFirst())
    let scale = batch.featureScale
    return explain(batch) { sample in
      batch.draws.purpose("noise \(sample)").normal(shape) * scale * sigma
    }
  }

  /// The mean gradient with given noise.
  /// - Parameter noise: the number of a copy → the noise of all examples, in their shape.
  func explain(_ batch: ExplainedBatch, noise: (Int) -> Tensor) -> Explanation {
    var sum = batch.images * 0
    batch.gradients(of: scalar, variants: samples) {
      batch.images + noise($0)
    } _: {
      sum = sum + $1
    }
    return Explanation(sum / Double(samples))
  }
}

extension ExplainedBatch {
  /// The size of a large change of each feature: the width of the valid range, or, for rows of a
  /// table, the standard deviation of each feature in the data. A scalar tensor, or `[D]`.
  public var featureScale: Tensor {
    let range = classifier.valueRange
    return background.deviation?.to(images.device)
      ?? Tensor.full(range.upperBound - range.lowerBound, shape: [], device: images.device)
  }
}
