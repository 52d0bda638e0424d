import Foundation
import ModelCore
import Support

/// How far the outputs of a model change as its gradients say, over small steps along the gradient.
///
/// Let m be the difference of the two largest logits at an image x: the logit of the second class
/// minus that of the first, with both classes fixed. The step is taken to both sides, within the
/// valid range:
///
///     x± = clip(x ± h·sign ∇m(x))
///
/// A continuous function changes by the integral of its gradient along the way. The slope of an
/// image is therefore the measured change over the promised one, and it is 1, up to the error of the
/// integral, if the gradients are those of the outputs:
///
///     slope = (m(x₊) − m(x₋)) / mean over the way of ⟨∇m, x₊ − x₋⟩
///
/// The mean is taken at eight points, the middles of eight equal parts of the way. The change itself
/// needs two forward passes. Rounding, branches that pass no gradient, and functions that jump take
/// the slope away from 1. Curvature does not, because the gradient is taken along the whole way: a
/// ResNet-20 on CIFAR-10 has a median slope of 0.50 with the gradient at x alone, and of 1.03 with
/// the gradient at four points.
public struct GradientSlopes: Codable, Equatable, Sendable {
  /// How many images the slopes are of: those with a change, measured or promised, that is larger
  /// than the rounding of the logits.
  public let images: Int
  /// The median slope.
  public let median: Double
  /// The slope that one image in ten stays below.
  public let low: Double
  /// The slope that one image in ten exceeds.
  public let high: Double

  /// The fewest images on which slopes say something about a model.
  static let fewest = 10

  /// Whether the outputs do not follow the gradients. docs/trust-checks.md has the measurements that
  /// the bounds rest on.
  var areOff: Bool {
    images >= Self.fewest && (!(0.9...1.1).contains(median) || low < 0.75 || high > 1.33)
  }

  /// h, as a share of the valid range of the values.
  static let step = 0.02
  /// How many points of the way the gradient is taken at.
  static let points = 8

  /// - Parameter slopes: those of the images, each a number.
  init?(_ slopes: [Double]) {
    guard !slopes.isEmpty else { return nil }
    let sorted = slopes.sorted()
    let at = { (share: Double) in sorted[Int((Double(sorted.count - 1) * share).rounded())] }
    (images, median, low, high) = (slopes.count, at(0.5), at(0.1), at(0.9))
  }

  /// The result in a sentence.
  public func text(_ model: String) -> String {
    "Along the gradient, the logits of \(model) change by \(median.shortDecimal) times as much as "
      + "the gradient promises in the median of \(images) images, and by \(low.shortDecimal) to "
      + "\(high.shortDecimal) times as much in eight images of ten."
  }

  /// Measures the slopes of a model.
  /// - Parameter images: `[N, …]` in the valid range.
  /// - Returns: the slopes, nil if there is no image to measure one on, and for how many images an
  ///   output next to the image is infinite or not a number (NaN).
  static func measure(
    _ classifier: any Classifier, at images: Tensor
  ) -> (slopes: GradientSlopes?, broken: Int) {
    // images, move, low, way [N, …]; classes [N, 2]; margins, measured, promised [N]
    let logits = withoutGradients { classifier.logits(images) }
    let classes = logits.topK(2, 1).indices
    func margins(_ logits: Tensor) -> Tensor {
      let pair = logits.gather(1, classes)
      return pair.select(1, 1) - pair.select(1, 0)
    }
    let range = classifier.valueRange
    let size = step * (range.upperBound - range.lowerBound)
    let move = classifier.inputGradient(at: images, of: margins).sign * size
    let low = (images - move).clamped(to: range)
    let way = (images + move).clamped(to: range) - low
    let ends = withoutGradients { [classifier.logits(low), classifier.logits(low + way)] }
    let measured = margins(ends[1]) - margins(ends[0])
    var promised = measured * 0
    for point in 0..<points {
      let place = low + way * ((Double(point) + 0.5) / Double(points))
      let gradient = classifier.inputGradient(at: place, of: margins)
      promised = promised + (gradient * way).flattened.sum([1]) / Double(points)
    }
    // Each logit is rounded to about a ten-millionth of the largest one.
    let rounding = (logits.absolute.max([1]) * 1e-5).floats()
    let slopes = zip(zip(measured.floats(), promised.floats()), rounding).compactMap {
      pair, rounding -> Double? in
      let (measured, promised) = pair
      guard measured.isFinite, promised.isFinite, promised != 0,
        max(abs(measured), abs(promised)) > rounding
      else { return nil }
      return Double(measured) / Double(promised)
    }
    let sound = ends[0].isFinite.and(ends[1].isFinite).all([1]).int64s()
    return (GradientSlopes(slopes), sound.count { $0 == 0 })
  }
}

extension Double {
  /// The number to two decimals, or in scientific notation from a thousand on: `0.98`, `4.10e+03`.
  var shortDecimal: String { String(format: abs(self) < 1000 ? "%.2f" : "%.2e", self) }
}
