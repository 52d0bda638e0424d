import Attacks
import ModelCore
import Support

/// Randomised smoothing: certificates for the classifier g that gives each image the class which
/// the attacked classifier f most probably gives it under Gaussian noise.
///
///     g(x) = argmax_c P(f(x + z) = c),  z ~ N(0, σ²I)
///
/// If p̲ > ½ is a lower bound of the probability of the class c, then g is c at every point at an
/// ℓ2 distance of less than σ·Φ⁻¹(p̲) from x, where Φ is the distribution function of the normal
/// distribution. The class is guessed from n₀ draws, and p̲ is the lower end of Clopper and
/// Pearson's interval from n other draws, which is too high with a probability of at most α. If p̲
/// ≤ ½, the method abstains.
///
/// It needs nothing of f but its answers. Use it for large networks and for programs from files,
/// best with a network that was trained with `gaussian-noise` of the same σ. The certificate is
/// about g and not about f. Noisy pixels are not clipped. Source: J. Cohen, E. Rosenfeld and Z.
/// Kolter, "Certified Adversarial Robustness via Randomized Smoothing" (2019), with their defaults.
public struct RandomizedSmoothing: Certificate, Configurable {
  public static let name = "smoothing"
  public static let title = "randomised smoothing"
  public static let summary =
    "the most probable class under Gaussian noise, in ℓ2, for any classifier (Cohen et al. 2019)"
  public static let isAboutSmoothed = true
  public let norm = Norm.l2
  /// σ, the standard deviation of the noise, in units of pixel values.
  public var sigma: Double
  /// n₀, the number of draws that the class is guessed from.
  public var guesses: Int
  /// n, the number of draws that the probability is bounded from.
  public var samples: Int
  /// α, the largest probability that the certificate of an image is wrong.
  public var alpha: Double

  /// The number of draws in one forward pass. The random numbers of a pass belong to it, so that
  /// results do not depend on the number of images.
  private static let atOnce = 100

  public init(
    sigma: Double = 0.25, guesses: Int = 100, samples: Int = 100_000, alpha: Double = 0.001
  ) {
    self.sigma = sigma
    self.guesses = guesses
    self.samples = samples
    self.alpha = alpha
  }

  public static let settings: [Setting<RandomizedSmoothing>] = [
    .double("sigma", \.sigma, in: 1e-6...1e6, "standard deviation of the noise, in pixel units"),
    .int("n0", \.guesses, in: 1...1_000_000, "draws that the class is guessed from"),
    .int(
      "n", \.samples, in: 1...100_000_000,
      "draws that the probability is bounded from; 1000 is quick, and bounds the radius by 2.5 σ"),
    .double(
      "alpha", \.alpha, in: 1e-12...0.5,
      "largest probability that the certificate of an image is wrong"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  // Each image has many draws, which fill the batches.
  public func imagesAtOnce(of most: Int) -> Int { 1 }

  public func certify(
    _ images: Tensor, labels: Tensor, in region: Region, radii: [Double],
    of classifier: any Classifier, draws: ExampleDraws, _ done: (Int) throws -> Void
  ) throws -> [CertifiedImage] {
    try (0..<images.shape[0]).map { image in
      let place = Tensor.range(images.shape[0], device: images.device).narrow(0, image, 1)
      let one = images.indexSelect(0, place)
      func counts(_ purpose: String, _ samples: Int) throws -> [Int] {
        var counts = [Int](repeating: 0, count: classifier.classCount)
        for first in stride(from: 0, to: samples, by: Self.atOnce) {
          try done(image)
          let count = min(Self.atOnce, samples - first)
          let own = draws.rows(place).purpose("\(purpose) \(first / Self.atOnce)")
          let noise = region.at(place).limited(
            own.normal([count] + images.shape.dropFirst()), each: count)
          let answers = classifier.predictions(one + noise * sigma).int64s()
          // A class of −1 stands for logits that are not numbers; it counts for no class.
          for answer in answers where answer >= 0 { counts[Int(answer)] += 1 }
        }
        return counts
      }
      let guess = try counts("guess", guesses).enumerated().max { $0.element < $1.element }
      guard let guess, guess.element > 0 else {
        return CertifiedImage(prediction: nil, radius: nil)
      }
      let hits = try counts("samples", samples)[guess.offset]
      return certificate(of: guess.offset, hits: hits)
    }
  }

  /// The certificate from the number of draws, of n, that gave the guessed class.
  func certificate(of guess: Int, hits: Int) -> CertifiedImage {
    let bound = clopperPearsonInterval(
      successes: Double(hits), of: Double(samples), lowerError: alpha
    ).lowerBound
    guard bound > 0.5 else { return CertifiedImage(prediction: nil, radius: nil) }
    return CertifiedImage(prediction: guess, radius: sigma * normalQuantile(bound))
  }
}

extension Region {
  /// Random numbers `[1, S, …]` of one image for S samples, as `[S, …]`, with zeros outside of the
  /// image's region.
  fileprivate func limited(_ samples: Tensor, each count: Int) -> Tensor {
    let rows = samples.reshaped([count] + samples.shape.dropFirst(2))
    return Region(changeable.map { $0.expanded(rows.shape) }).limited(rows)
  }
}
