import ModelCore

/// Spectrum simulation: the mean gradient through copies of the images with noise, whose spectrum
/// is scaled at random.
///
///     T(x) = IDCT(DCT(x + ξ) ∘ M), with ξ normal with deviation σ, M uniform in [1 − ρ, 1 + ρ)
///
/// DCT is the discrete cosine transform of each channel. Models differ in the frequencies that they
/// respond to, and the scaled spectrum stands for such other models. σ is in units of the width of
/// the pixel range. Source: Y. Long et al. (2022), with their values N = 20 copies, ρ = 0.5 and
/// σ = 16/255; their S²I-FGSM is this view of `bim`, and S²I-MI-FGSM that of `mifgsm`.
public struct SpectrumSimulation: GradientView {
  public static let name = "ssa"
  public static let needsPictures = true
  /// N, the number of copies.
  public let samples: Int
  public var gradients: Int { samples }
  /// ρ, how far the factors of the spectrum are from 1 at most.
  public let spread: Double
  /// σ, the standard deviation of the noise in units of the width of the pixel range.
  public let deviation: Double

  public init() { self.init(samples: 20) }

  public init(samples: Int, spread: Double = 0.5, deviation: Double = 16.0 / 255) {
    self.samples = samples
    self.spread = spread
    self.deviation = deviation
  }

  public func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate {
    let noiseSize = deviation * threat.valueRange.width
    return GradientEstimate { x, draws, view in
      // x, noise, factors [N, C, H, W]
      let shape = Array(x.shape.dropFirst())
      let spectrum = CosineTransform(height: shape[1], width: shape[2], on: x.device)
      return GradientEstimate.mean(over: samples) { sample in
        let own = draws.purpose("spectrum \(sample)")
        let noise = own.purpose("noise").normal(shape) * noiseSize
        let unit = own.purpose("factors").uniform(shape, in: -1..<1)
        let factors = unit * spread + 1
        return inner(x, own) { view(spectrum.inverse(spectrum.forward($0 + noise) * factors)) }
      }
    }
  }
}
