import Support

/// Reads a layer's text word by word: first plain values, then names with values, then nested lists
/// in brackets.
public struct LayerWords {
  private let text: String
  private var words: ArraySlice<String>

  /// What a file may ask to be read: far more than any network needs, and little enough to be read
  /// at once.
  static let longestText = 20_000
  static let deepestNesting = 16

  init(_ text: String) throws {
    self.text = text
    guard text.utf8.count <= Self.longestText else {
      throw Failure.badData(
        "a layer's text of \(text.utf8.count) characters; at most \(Self.longestText) are read")
    }
    let spaced = text.map { "[];".contains($0) ? " \($0) " : String($0) }.joined()
    words = spaced.split(separator: " ").map(String.init)[...]
    guard !words.isEmpty else { throw Failure.badData("an empty layer") }
    var depth = 0
    for word in words {
      depth += word == "[" ? 1 : word == "]" ? -1 : 0
      guard depth <= Self.deepestNesting else {
        throw wrong("lists nested more than \(Self.deepestNesting) deep")
      }
    }
  }

  /// The next word.
  public mutating func word(_ meaning: String) throws -> String {
    guard !words.isEmpty else { throw wrong("\(meaning) is missing") }
    return words.removeFirst()
  }

  /// The next word as a number of at least `least`.
  public mutating func count(_ meaning: String, atLeast least: Int = 1) throws -> Int {
    let word = try word(meaning)
    guard let number = Int(word), (least...1_000_000).contains(number) else {
      throw wrong("\(meaning) must be a whole number from \(least) to 1000000, found '\(word)'")
    }
    return number
  }

  /// The next word as "5" or "5x3".
  public mutating func pair(_ meaning: String, atLeast least: Int = 1) throws -> Pair {
    let word = try word(meaning)
    let sides = word.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    guard sides.count <= 2, let first = sides.first, let last = sides.last,
      sides.allSatisfy({ (least...65_536).contains($0) })
    else { throw wrong("\(meaning) must be like 5 or 5x3, found '\(word)'") }
    return Pair(first, last)
  }

  /// The next word as a number.
  public mutating func number(_ meaning: String) throws -> Double {
    let word = try word(meaning)
    guard let number = Double(word), number.isFinite else {
      throw wrong("\(meaning) must be a number, found '\(word)'")
    }
    return number
  }

  /// The next word as a number in a range.
  public mutating func number(_ meaning: String, in range: ClosedRange<Double>) throws -> Double {
    let number = try number(meaning)
    guard range.contains(number) else {
      throw wrong(
        "\(meaning) must be from \(range.lowerBound) to \(range.upperBound), found \(number)")
    }
    return number
  }

  /// The next word as one of a few.
  public mutating func choice(_ meaning: String, of known: [String]) throws -> String {
    let word = try word(meaning)
    guard known.contains(word) else {
      throw wrong("\(meaning) must be \(known.joined(separator: " or ")), found '\(word)'")
    }
    return word
  }

  /// The next word as numbers separated by commas.
  public mutating func numbers(_ meaning: String) throws -> [Double] {
    let word = try word(meaning)
    let numbers = word.split(separator: ",", omittingEmptySubsequences: false).map {
      Double($0) ?? .nan
    }
    guard numbers.allSatisfy(\.isFinite) else {
      throw wrong("\(meaning) must be numbers like 0.5,0.4, found '\(word)'")
    }
    return numbers
  }

  /// True, and the word is gone, if the next one is `name`.
  public mutating func take(_ name: String) -> Bool {
    guard words.first == name else { return false }
    words.removeFirst()
    return true
  }

  /// Whether a value follows here, rather than a name or the end.
  public var startsWithNumber: Bool { words.first.flatMap { $0.first?.isNumber } ?? false }

  /// A list of layers in brackets, separated by semicolons.
  public mutating func layers(_ meaning: String) throws -> LayerList {
    guard take("[") else { throw wrong("\(meaning) must be a list in brackets") }
    var depth = 1
    var entries: [[String]] = [[]]
    while depth > 0 {
      let word = try word("the closing bracket of \(meaning)")
      if word == "[" { depth += 1 }
      if word == "]" { depth -= 1 }
      if depth == 1 && word == ";" {
        entries.append([])
      } else if depth > 0 {
        entries[entries.count - 1].append(word)
      }
    }
    return try LayerList(entries.filter { !$0.isEmpty }.map { $0.joined(separator: " ") })
  }

  /// Refuses words that nobody read.
  func finish() throws {
    guard let left = words.first else { return }
    throw wrong("'\(left)' is not understood here")
  }

  private func wrong(_ reason: String) -> Failure {
    let shown = text.count <= 100 ? text : text.prefix(100) + "…"
    return .badData(
      "layer '\(shown)': \(reason)", hint: "a layer reads like: conv 32 kernel 5 padding 2")
  }
}
