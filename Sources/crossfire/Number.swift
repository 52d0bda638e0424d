import ArgumentParser
import Support

/// A number on the command line. It is a text until the command reads it, because only the command
/// knows its range.
struct Number: ExpressibleByArgument {
  let text: String

  init(_ number: Int) { text = "\(number)" }
  init(_ number: Double) { text = number.plainDecimal }
  init(argument: String) {
    text = argument.hasPrefix(Self.minus) ? "-" + argument.dropFirst() : argument
  }

  var defaultValueDescription: String { text }

  /// A whole number in a range.
  /// - Parameter option: the option, such as `--count`.
  /// - Throws: `Failure.usage`.
  func whole(_ option: String, in range: ClosedRange<Int> = 1...Int.max) throws -> Int {
    if let number = range.number(text) { return number }
    throw refusal(option, range.expected(insteadOf: text))
  }

  /// A finite number in a range. A fraction such as `8/255` is read, too.
  /// - Throws: `Failure.usage`.
  func real(
    _ option: String, in range: ClosedRange<Double>, expected: String? = nil, hint: String? = nil
  ) throws -> Double {
    if let number = range.number(text) { return number }
    throw refusal(option, expected ?? range.words, hint: hint)
  }

  /// The seed that the option `--seed` gives.
  /// - Throws: `Failure.usage`.
  func seed() throws -> Seed { Seed(UInt64(try whole("--seed", in: 0...Int.max))) }

  /// The error for a number that is not what its option expects.
  func refusal(_ option: String, _ expected: String, hint: String? = nil) -> Failure {
    .usage("\(option) \(text.isEmpty ? "''" : text): expected \(expected)", hint: hint)
  }

  // MARK: Negative numbers

  /// U+2212, the mathematical minus sign.
  private static let minus = "\u{2212}"

  /// An argument in the form in which the parser sees it. The parser would take a negative number
  /// for an option, so its hyphen becomes a minus sign.
  static func argument(_ text: String) -> String {
    let isNegative = text.firstMatch(of: /^-(\.?[0-9][0-9.,\/eE+-]*|inf|infinity|nan)$/) != nil
    return isNegative ? "\(minus)\(text.dropFirst())" : text
  }
}

extension [Number] {
  /// The numbers with those that are separated by commas apart: `1 2,3` and `1, 2, 3` are three
  /// numbers.
  var separated: [Number] {
    flatMap { number in
      let parts = number.text.split(separator: ",").map { Number(argument: String($0)) }
      return parts.isEmpty ? [number] : parts
    }
  }
}

/// Reads `--epsilon 0 0.1 8/255` and `--epsilon 0,0.1,8/255`.
/// - Throws: `Failure.usage`.
func budgets(_ numbers: [Number]) throws -> [Double] {
  try numbers.separated.map {
    try $0.real(
      "--epsilon", in: 0...Double.infinity,
      expected: "a number of at least 0, in the unit of the data",
      hint: "for example --epsilon 0 0.1 8/255")
  }
}
