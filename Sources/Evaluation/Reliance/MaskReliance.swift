import Support

/// How much a model relies on the features that the masks of the data mark as irrelevant: its
/// accuracy with noise on these features alone and on all others alone, and how many of the features
/// that matter most to its answers are marked.
///
/// Only examples whose mask marks something count. With the mask m of an example x (1 where a
/// feature must not matter) and z ~ N(0, 1), the noisy examples are
///
///     inside:  x + σ·m⊙z,      outside:  x + σ·(1 − m)⊙z
///
/// with the same z for both and for every σ; values are clipped to the valid range if `clipped` says
/// so. A model that is right for the right reasons loses nothing inside.
///
/// The measures of noise are those of S. Singla, M. Moayeri and S. Feizi, "Core risk minimization
/// using Salient ImageNet" (2022); those of gradients are from A. Ross, M. Hughes and F. Doshi-Velez,
/// "Right for the Right Reasons" (2017).
public struct MaskReliance: Codable, Equatable, Sendable {
  public let model: String
  /// The number of examples whose mask marks something.
  public let images: Int
  /// How many of them the model classifies correctly, unchanged.
  public let correct: Int
  /// The mean share of the features that are marked: what `largeShare` would be if the model did not
  /// distinguish between features.
  public let maskedShare: Double
  /// Whether noisy values were clipped to the valid range.
  public let clipped: Bool
  public let noises: [Noise]
  /// The share c above which a gradient component is large.
  public let threshold: Double
  /// The number of examples with a gradient that is finite and not zero.
  public let explained: Int
  /// The mean over the explained examples of the share of the large components of ∇ₓ Σ_k log p_k
  /// that are marked, Σ_d m_d·[|g_d| > c·max|g|] / Σ_d [|g_d| > c·max|g|]; nil if none is explained.
  public let largeShare: Double?
  /// How many features are compared with the mask in `topMarked`: 10, or all if there are fewer.
  public let topCount: Int
  /// The mean over the explained examples of the number of marked features among the `topCount` with
  /// the largest |g_d|; nil if none is explained.
  public let topMarked: Double?

  /// The accuracy on the unchanged examples.
  public var accuracy: Double { Double(correct) / Double(images) }

  public init(
    model: String, images: Int, correct: Int, maskedShare: Double, clipped: Bool,
    noises: [Noise], threshold: Double, explained: Int, largeShare: Double?, topCount: Int,
    topMarked: Double?
  ) {
    precondition(images >= 1 && 0...images ~= correct && 0...images ~= explained)
    self.model = model
    self.images = images
    self.correct = correct
    self.maskedShare = maskedShare
    self.clipped = clipped
    self.noises = noises
    self.threshold = threshold
    self.explained = explained
    self.largeShare = largeShare
    self.topCount = topCount
    self.topMarked = topMarked
  }

  /// The Wilson 95 % interval of an accuracy.
  public func interval(_ correct: Int) -> ClosedRange<Double> {
    wilsonInterval(successes: correct, of: images)
  }

  /// The accuracies with noise of one size, as fractions with six decimals.
  public struct Noise: Codable, Equatable, Sendable {
    /// The standard deviation, in the unit of the data.
    public let sigma: Double
    /// How many examples are classified correctly with noise on the marked features, and the
    /// accuracy that this is.
    public let correctInside: Int
    public let inside: Double
    /// How many are classified correctly with noise on all other features, and the accuracy.
    public let correctOutside: Int
    public let outside: Double
    /// The relative drops (a − a_noisy)/a from the accuracy a on the unchanged examples to the two
    /// accuracies; negative if the noise makes the model more accurate, and nil if a is 0.
    public let insideDrop: Double?
    public let outsideDrop: Double?
    /// The relative core sensitivity, with `inside` as core accuracy and `outside` as spurious
    /// accuracy.
    public let coreSensitivity: Double

    /// - Parameters:
    ///   - correct: how many of the unchanged examples are classified correctly.
    ///   - images: the number of examples.
    public init(
      sigma: Double, correctInside: Int, correctOutside: Int, correct: Int, of images: Int
    ) {
      func drop(_ noisy: Int) -> Double? {
        correct == 0
          ? nil : (Double(correct - noisy) / Double(correct)).roundedToMillionths
      }
      let shares = [correctInside, correctOutside].map { Double($0) / Double(images) }
      self.sigma = sigma
      self.correctInside = correctInside
      self.correctOutside = correctOutside
      inside = shares[0].roundedToMillionths
      outside = shares[1].roundedToMillionths
      insideDrop = drop(correctInside)
      outsideDrop = drop(correctOutside)
      coreSensitivity =
        MaskReliance.relativeCoreSensitivity(
          core: shares[0], spurious: shares[1]
        ).roundedToMillionths
    }
  }

  /// The relative core sensitivity (RCS),
  ///
  ///     RCS = (a_core − a_spurious) / (2·min(ā, 1 − ā)),   ā = (a_core + a_spurious)/2
  ///
  /// It is the difference of the two accuracies, divided by the largest difference that two
  /// accuracies with this mean can have, and lies between −1 and 1: 1 for a model that relies on core
  /// features alone, −1 for one that relies on spurious features alone, and 0 for one that relies on
  /// both equally. If both accuracies are 0 or both are 1, it is 0.
  /// - Parameters:
  ///   - core: the core accuracy: that with noise on the spurious features, so that the core features
  ///     remain.
  ///   - spurious: the spurious accuracy: that with noise on the core features.
  public static func relativeCoreSensitivity(core: Double, spurious: Double) -> Double {
    let mean = (core + spurious) / 2
    let most = 2 * min(mean, 1 - mean)
    return most > 0 ? max(-1, min(1, (core - spurious) / most)) : 0
  }
}

extension [MaskReliance] {
  /// The measurements as a table, `reliance.csv`, with a row for each model and each σ.
  public func csv() -> String {
    var table = CSV(
      header: "model,images,accuracy,ci_low,ci_high,sigma,clipped,inside,inside_low,inside_high,"
        + "inside_drop,outside,outside_low,outside_high,outside_drop,rcs,masked_share,threshold,"
        + "explained,large_share,top,top_marked")
    func text(_ number: Double?) -> String { number?.roundedToMillionths.plainDecimal ?? "" }
    for model in self {
      func ends(_ correct: Int) -> [String] {
        let interval = model.interval(correct)
        return [text(interval.lowerBound), text(interval.upperBound)]
      }
      for noise in model.noises {
        table.append(
          [model.model, "\(model.images)", text(model.accuracy)] + ends(model.correct)
            + [noise.sigma.plainDecimal, "\(model.clipped)", text(noise.inside)]
            + ends(noise.correctInside) + [text(noise.insideDrop), text(noise.outside)]
            + ends(noise.correctOutside)
            + [
              text(noise.outsideDrop), text(noise.coreSensitivity), text(model.maskedShare),
              model.threshold.plainDecimal, "\(model.explained)", text(model.largeShare),
              "\(model.topCount)", text(model.topMarked),
            ])
      }
    }
    return table.text
  }
}
