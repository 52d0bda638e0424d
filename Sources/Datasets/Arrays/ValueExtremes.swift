import ModelCore
import Support

/// The smallest and the largest of some values.
struct ValueExtremes: CustomStringConvertible {
  let low: Float
  let high: Float

  /// - Parameter values: float32, at least one.
  init(_ values: Tensor) {
    low = Float(values.min().scalar)
    high = Float(values.max().scalar)
  }

  /// Whether all values lie in a range; false if one of them is not a number (NaN).
  ///
  /// The bounds are compared as 32-bit numbers, since 0.1 as a 32-bit number is larger than 0.1 as
  /// a 64-bit number.
  func lie(in range: ClosedRange<Double>) -> Bool {
    low >= Float(range.lowerBound) && high <= Float(range.upperBound)
  }

  var description: String {
    low.isNaN || high.isNaN ? "values that are not a number (NaN)" : "values from \(low) to \(high)"
  }

  /// What to do about values outside of the range that was stated, or outside of 0 to 1 if none
  /// was.
  func hint(range: ClosedRange<Double>?) -> String {
    if low.isNaN || high.isNaN { return "replace the values that are missing" }
    if range != nil { return "state a range that holds all values" }
    return low >= 0 && high <= 255
      ? "divide them by 255, save them as uint8, or state their range with :range=LOW..HIGH, "
        + "here :range=0..255"
      : "undo the normalisation, which belongs in the model, or state the range of the values "
        + "with :range=LOW..HIGH, for example :range=-3..3"
  }
}
