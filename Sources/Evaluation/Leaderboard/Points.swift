import Foundation

extension Double {
  /// A difference of two fractions in percentage points to one decimal, with its sign: "+5.0",
  /// "−12.3", "0.0".
  public var signedPoints: String {
    let tenths = Int((self * 1000).rounded())
    let sign = tenths > 0 ? "+" : tenths < 0 ? "−" : ""
    return "\(sign)\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }
}

extension ClosedRange<Double> {
  /// "−15.1 to −8.8".
  public var signedPoints: String { lowerBound.signedPoints + " to " + upperBound.signedPoints }
}
