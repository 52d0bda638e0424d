extension LineChart {
  /// Moves ascending heights apart until neighbours differ by at least `gap`, within a range. If
  /// the range is too small for all of them, they share it evenly.
  static func spread(_ heights: [Double], gap: Double, within range: ClosedRange<Double>)
    -> [Double]
  {
    guard heights.count > 1 else { return heights }
    let gap = min(gap, (range.upperBound - range.lowerBound) / Double(heights.count - 1))
    var result = heights
    for i in 1..<result.count { result[i] = max(result[i], result[i - 1] + gap) }
    result[result.count - 1] = min(result[result.count - 1], range.upperBound)
    for i in (0..<result.count - 1).reversed() { result[i] = min(result[i], result[i + 1] - gap) }
    return result
  }

  /// The text, or its beginning and its end if it is too long: similar names often differ only at
  /// their ends.
  static func shortened(_ text: String, to letters: Int) -> String {
    guard text.count > letters else { return text }
    let tail = (letters - 1) / 2
    return text.prefix(letters - 1 - tail) + "…" + text.suffix(tail)
  }
}
