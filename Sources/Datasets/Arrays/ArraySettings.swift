import Support

/// The options of arrays: `layout`, `classes` and `range`.
struct ArraySettings: Sendable {
  let layout: ArrayLayout
  /// The number of classes; nil if it follows from the labels.
  let classes: Int?
  /// The smallest and the largest valid value; nil stands for 0 and 1.
  let range: ClosedRange<Double>?

  /// - Throws: `Failure.badData` with the place of an option that cannot be read.
  init(_ settings: Settings) throws {
    let word = try settings.choice(
      "layout", of: ArrayLayout.allCases.map(\.rawValue), default: ArrayLayout.auto.rawValue,
      "the order of an image's dimensions")
    layout = ArrayLayout(rawValue: word)!
    classes = try settings.optionalInt(
      "classes", in: 1...65_536, "the number of classes, if no label belongs to the last one")
    range = try Self.range(settings)
  }

  /// Reads the option `range`; nil if it is not stated.
  /// - Parameter fallback: the range that is then used, in words.
  static func range(_ settings: Settings, unlessStated fallback: String = "0..1") throws
    -> ClosedRange<Double>?
  {
    let meaning = "the smallest and the largest valid value, LOW..HIGH (\(fallback) unless stated)"
    guard settings.value("range", meaning) != nil else { return nil }
    return try range(settings.string("range", meaning), settings.place(of: "range"))
  }

  private static func range(_ text: String, _ place: String) throws -> ClosedRange<Double> {
    // Three points are refused: Swift's 0...5 would otherwise read as 0 to 0.5.
    let ends = text.contains("...") ? [] : text.split(separator: "..", maxSplits: 1)
    let numbers = ends.compactMap { Double($0) }
    // The values are 32-bit numbers, and so is the difference of two of them.
    guard numbers.count == 2, case (let low, let high) = (Float(numbers[0]), Float(numbers[1])),
      low < high, (high - low).isFinite
    else {
      throw Failure.badData(
        "\(place): range: expected LOW..HIGH, two finite numbers and the smaller one first, "
          + "found '\(text)'", hint: "for example range=0..255 or range=-1..1")
    }
    return numbers[0]...numbers[1]
  }
}

extension ClosedRange<Double> {
  /// `0 to 255`
  var words: String { "\(lowerBound.plainDecimal) to \(upperBound.plainDecimal)" }
}
