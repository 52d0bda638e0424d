import Foundation
import Support

/// The difference of two accuracies that were measured on the same images.
///
/// Only the images count that exactly one of the two measurements has right, so a small difference
/// is told from 0 with far fewer images than two separate intervals would take.
public struct PairedDifference: Equatable, Sendable {
  /// How many images only the first measurement has right. It need not be a whole number: an image
  /// with several examples counts by the share of them.
  public let onlyFirst: Double
  /// How many images only the second measurement has right.
  public let onlySecond: Double
  /// The number of images, at least 1.
  public let images: Int

  /// - Precondition: the counts are not negative, and together at most `images` ≥ 1.
  public init(onlyFirst: Double, onlySecond: Double, images: Int) {
    // Rounding may make the sum a little larger.
    precondition(
      images >= 1 && onlyFirst >= 0 && onlySecond >= 0
        && onlyFirst + onlySecond <= Double(images) * (1 + 1e-12),
      "expected counts of at most \(images) images, found \(onlyFirst) and \(onlySecond)")
    self.onlyFirst = onlyFirst
    self.onlySecond = onlySecond
    self.images = images
  }

  /// The difference of two lists of right and wrong answers about the same examples.
  /// - Parameter examplesPerImage: how many examples were made of each image; they are not
  ///   independent, so together they count as one image.
  /// - Precondition: the lists have the same length, which is not 0.
  init(_ first: [Bool], _ second: [Bool], examplesPerImage: Int = 1) {
    let discordance = Discordance(first, second)
    let images = max(1, first.count / examplesPerImage)
    let worth = Double(images) / Double(first.count)
    self.init(
      onlyFirst: Double(discordance.onlyFirst) * worth,
      onlySecond: Double(discordance.onlySecond) * worth, images: images)
  }

  /// The accuracy of the first measurement minus that of the second.
  public var value: Double { (onlyFirst - onlySecond) / Double(images) }

  /// The same difference with the measurements exchanged.
  public var reversed: PairedDifference {
    PairedDifference(onlyFirst: onlySecond, onlySecond: onlyFirst, images: images)
  }

  /// Tango's score interval of the difference of the true accuracies, in −1...1.
  ///
  /// With n images, b of which only the first measurement has right and c only the second, it
  /// contains every δ with |z(δ)| ≤ z_α, where
  ///
  ///     z(δ) = (b − c − nδ) / √(n·(2q + δ(1 − δ)))
  ///
  /// and q is the most likely probability, given δ, that only the second measurement has an image
  /// right: the larger root of 2n·q² − (b + c − (2n − b + c)δ)·q − cδ(1 − δ) = 0. At δ = 0 this is
  /// McNemar's test. Unlike Wald's interval, it has a width above 0 also if b = c = 0.
  ///
  /// Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions
  /// for the paired-sample design", Statistics in Medicine 17 (1998). M. W. Fagerland, S. Lydersen
  /// and P. Laake, Statistics in Medicine 33 (2014), recommend it.
  /// - Parameter comparisons: the number of comparisons that are made. By Bonferroni's inequality
  ///   all of their intervals hold together with at least the confidence of 95 %: each has that of
  ///   1 − 0.05/comparisons.
  public func interval(among comparisons: Int = 1) -> ClosedRange<Double> {
    let quantile =
      comparisons > 1 ? normalQuantile(1 - 0.025 / Double(comparisons)) : normalQuantile95
    let lower = bound { score($0) > quantile }
    let upper = bound { score($0) >= -quantile }
    return min(lower, value)...max(upper, value)
  }

  /// Whether the interval does not contain 0: the accuracies differ by more than chance explains.
  public func isCertain(among comparisons: Int = 1) -> Bool {
    !interval(among: comparisons).contains(0)
  }

  /// The δ up to which a condition holds that holds for small δ only.
  private func bound(_ holds: (Double) -> Bool) -> Double {
    var (low, high) = (-1.0, 1.0)
    // 2⁻⁵² is the distance of the numbers near 1.
    for _ in 0..<53 {
      let middle = (low + high) / 2
      if holds(middle) { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// z(δ), which decreases.
  private func score(_ delta: Double) -> Double {
    let n = Double(images)
    let distance = onlyFirst - onlySecond - n * delta
    let linear = onlyFirst + onlySecond - (2 * n - onlyFirst + onlySecond) * delta
    let constant = onlySecond * delta * (1 - delta)
    let root = max(0, linear * linear + 8 * n * constant).squareRoot()
    let q = max(0, (linear + root) / (4 * n))
    let variance = n * (2 * q + delta * (1 - delta))
    guard variance > 0 else { return distance == 0 ? 0 : distance * .infinity }
    return distance / variance.squareRoot()
  }
}
