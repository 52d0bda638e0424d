/// The mean, the sample standard deviation and the range of some values.
public struct Spread: Equatable, Sendable {
  public let mean: Double
  /// √(Σ(v − mean)² / (n − 1)); 0 for a single value.
  public let standardDeviation: Double
  /// The lowest and the highest value.
  public let range: ClosedRange<Double>

  /// - Precondition: there is at least one value.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "expected at least one value")
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
    self.mean = mean
    standardDeviation =
      values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
    range = (values.min() ?? mean)...(values.max() ?? mean)
  }
}
