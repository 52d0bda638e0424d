// The numbers that users write, on the command line and in files. Every one of them is read here,
// together with the range that it must be in.

extension ClosedRange<Int> {
  /// The whole number that a text states in the digits 0 to 9; nil if it states none, or none in
  /// this range.
  package func number(_ text: String) -> Int? {
    guard let number = Int(text), contains(number) else { return nil }
    return number
  }

  /// What was expected in place of a text, for an error message.
  package func expected(insteadOf text: String) -> String {
    guard upperBound == .max else { return "a whole number from \(lowerBound) to \(upperBound)" }
    // A number that is too large for the computer is also at least the lower bound. The largest that
    // it can hold has 19 digits, so all with 18 fit.
    let isWhole = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    let isTooLarge = isWhole && Int(text) == nil
    return "a whole number of at least \(lowerBound)"
      + (isTooLarge ? " with at most 18 digits" : "")
  }
}

extension ClosedRange<Double> {
  /// The finite number that a text states; nil if it states none, or none in this range.
  ///
  /// The text is a decimal number such as `0.1` or `1e-3`, or a fraction of two decimal numbers
  /// such as `8/255`, whose denominator is above 0.
  package func number(_ text: String) -> Double? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let numbers = parts.compactMap(Self.decimal)
    guard numbers.count == parts.count, numbers.count <= 2 else { return nil }
    if numbers.count == 2, numbers[1] <= 0 { return nil }
    let number = numbers.count == 2 ? numbers[0] / numbers[1] : numbers[0]
    return number.isFinite && contains(number) ? number : nil
  }

  private static func decimal(_ text: Substring) -> Double? {
    let isDecimal = text.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
    guard isDecimal, let number = Double(text), number.isFinite else { return nil }
    return number
  }

  /// The range in words, for an error message.
  package var words: String {
    upperBound == .infinity
      ? "a number of at least \(lowerBound.plainDecimal)"
      : "a number from \(lowerBound.plainDecimal) to \(upperBound.plainDecimal)"
  }
}
