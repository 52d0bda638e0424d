import ModelCore
import Support

/// Training on noisy images: CE(y, f(X + σ·ξ)), with ξ standard normal and new for each batch.
///
/// The noise is not clipped to the valid pixel range, so that its distribution is the same for all
/// pixels. Use it as a baseline for defenses against small perturbations, or to train a model for
/// randomised smoothing. Source: J. Cohen, E. Rosenfeld and J. Z. Kolter (2019).
public struct GaussianNoise: Defense, Objective, Configurable {
  public static let name = "gaussian-noise"
  public static let summary = "training on images with Gaussian noise (Cohen et al. 2019)"
  /// σ, the standard deviation of the noise, in units of pixel values.
  public var sigma: Double

  public init(sigma: Double = 0.1) { self.sigma = sigma }

  public static let settings: [Setting<GaussianNoise>] = [
    .double("sigma", \.sigma, "standard deviation σ of the noise in pixel units")
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var readsCleanLogits: Bool { false }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let noise = step.draws("noise").normal(Array(step.images.shape.dropFirst()))
    return [
      .crossEntropy(
        step.forward(step.images + noise * sigma, "noisy images"), step.labels, name: "noisy")
    ]
  }
}
