import Foundation
import ModelCore
import Support

/// The smallest and the largest of the values of some examples.
struct ValueExtremes: CustomStringConvertible {
  let low: Float
  let high: Float
  /// The first example with a value that is not a number (NaN); nil if there is none.
  private let undefined: Int?

  /// The share of the width of a range by which values may exceed it, since they were rounded.
  private static let tolerance = 1e-6

  /// - Parameter values: float32 `[N, …]`, at least one.
  init(_ values: Tensor) {
    low = Float(values.min().scalar)
    high = Float(values.max().scalar)
    undefined =
      low.isNaN || high.isNaN
      ? values.floats().firstIndex(where: \.isNaN).map { $0 / (values.count / values.shape[0]) }
      : nil
  }

  /// Whether all values lie in a range; false if one of them is not a number (NaN).
  ///
  /// The bounds are compared as 32-bit numbers, since 0.1 as a 32-bit number is larger than 0.1 as
  /// a 64-bit number.
  func lie(in range: ClosedRange<Double>) -> Bool {
    low >= Float(range.lowerBound) && high <= Float(range.upperBound)
  }

  /// Whether all values lie in a range except for rounding: they exceed it by at most a millionth
  /// of its width.
  func lieNearly(in range: ClosedRange<Double>) -> Bool {
    let margin = Self.tolerance * (range.upperBound - range.lowerBound)
    return Double(low) >= range.lowerBound - margin && Double(high) <= range.upperBound + margin
  }

  var description: String {
    guard let undefined else { return "values from \(low) to \(high)" }
    return "values that are not a number (NaN), first in example \(undefined) (counted from 0)"
  }

  /// What to do about values outside of the range that was stated, or outside of 0 to 1 if none
  /// was.
  func hint(range: ClosedRange<Double>?) -> String {
    if undefined != nil {
      return "find out where these values come from, and leave out these examples or replace the "
        + "values, for example with numpy.nan_to_num"
    }
    guard low.isFinite, high.isFinite else { return "replace the infinite values" }
    if range != nil { return "state a range that holds all values, such as \(option)" }
    if low < 0 {
      return
        "undo the normalisation, which belongs in the model, or state the range of the values, "
        + "such as \(option)"
    }
    switch high {
    case ...2:
      return "clip them with numpy.clip(images, 0, 1), or state the range of the values, such as "
        + option
    case ...255:
      return "divide them by 255, save them as uint8, or state their range with :range=LOW..HIGH, "
        + "here :range=0..255"
    default:
      return "divide them by their largest possible value, or state their range, such as \(option)"
    }
  }

  /// What to do about images of whole numbers that are not uint8.
  var wholeNumberHint: String {
    guard low >= 0, high <= 255 else {
      return "convert them with NumPy, astype('float32'), and state their range, such as \(option)"
    }
    return "convert them with NumPy: "
      + (high <= 1 ? "astype('bool') if 1 is white" : "astype('uint8')")
  }

  /// An option that states a range with all values: bytes, 16-bit numbers, or the next whole
  /// numbers.
  private var option: String {
    if low >= 0 {
      let bounds: [Float] = [1, 255, 65_535]
      let top = high <= 2 ? high.rounded(.up) : bounds.first { high <= $0 } ?? high.rounded(.up)
      return ":range=0..\(Double(top).plainDecimal)"
    }
    let bound = Double(max(-low, high).rounded(.up)).plainDecimal
    return ":range=-\(bound)..\(bound)"
  }
}
