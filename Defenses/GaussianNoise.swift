import ModelCore
import Support

/// Cross-entropy on noisy images: CE(y, f(X + σ·ξ)) with ξ standard normal, drawn anew for every
/// batch.
///
/// The noise is not clipped to the valid pixels, so that it is Gaussian everywhere. A baseline for
/// defenses against small perturbations, and what randomised smoothing trains with (Cohen et al.,
/// 2019).
public struct GaussianNoise: Defense, Objective {
  public static let name = "gaussianNoise"
  public static let summary = "training on images with Gaussian noise (Cohen et al. 2019)"
  public let sigma: Double

  public init(sigma: Double = 0.1) { self.sigma = sigma }

  public init(_ settings: Settings) throws {
    sigma = try settings.double(
      "sigma", default: 0.1, "standard deviation of the noise, in pixel units")
  }

  public var parameters: [(name: String, value: String)] { [("sigma", "\(sigma)")] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let noisy = step.images + step.random.normal(step.images.shape) * sigma
    return [LossTerm("noisy", step.forward(noisy).crossEntropy(step.labels).mean())]
  }
}
