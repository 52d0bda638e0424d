import Support

/// Reads a layer's text word by word.
///
/// A layer's text is a keyword, then values without a name, then names each followed by a value, in
/// a fixed order. A value can be a list of layers in brackets, separated by semicolons.
public struct LayerWords {
  private let text: String
  private var words: ArraySlice<String>

  /// The most characters of a layer's text, and the most brackets inside each other, that are read.
  /// Both are far more than a network needs, so only a malicious file exceeds them.
  static let longestText = 20_000
  static let deepestNesting = 16

  init(_ text: String) throws {
    self.text = text
    guard text.utf8.count <= Self.longestText else {
      throw Failure.badData(
        "a layer's text has \(text.utf8.count) characters; the limit is \(Self.longestText)"
      )
    }
    let spaced = text.map { "[];".contains($0) ? " \($0) " : String($0) }.joined()
    words = spaced.split(separator: " ").map(String.init)[...]
    guard !words.isEmpty else { throw Failure.badData("a layer's text is empty") }
    var depth = 0
    for word in words {
      depth += word == "[" ? 1 : word == "]" ? -1 : 0
      guard depth <= Self.deepestNesting else {
        throw wrong("lists are nested more than \(Self.deepestNesting) deep")
      }
    }
  }

  /// Reads the next word.
  /// - Parameter meaning: what the word stands for, used in errors; likewise below.
  public mutating func word(_ meaning: String) throws -> String {
    guard !words.isEmpty else { throw wrong("\(meaning) is missing") }
    return words.removeFirst()
  }

  /// Reads the next word as a whole number from `least` to 1,000,000.
  public mutating func count(_ meaning: String, atLeast least: Int = 1) throws -> Int {
    let word = try word(meaning)
    guard let number = Int(word), (least...1_000_000).contains(number) else {
      throw wrong("\(meaning) must be a whole number from \(least) to 1000000, found '\(word)'")
    }
    return number
  }

  /// Reads the next word as a square like `5`, or as a height and a width like `5x3`; from `least`
  /// to 65,536 each.
  public mutating func pair(_ meaning: String, atLeast least: Int = 1) throws -> Pair {
    let word = try word(meaning)
    let sides = word.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    guard sides.count <= 2, let first = sides.first, let last = sides.last,
      sides.allSatisfy({ (least...65_536).contains($0) })
    else { throw wrong("\(meaning) must be like 5 or 5x3, found '\(word)'") }
    return Pair(first, last)
  }

  /// Reads the next word as a finite number.
  public mutating func number(_ meaning: String) throws -> Double {
    let word = try word(meaning)
    guard let number = Double(word), number.isFinite else {
      throw wrong("\(meaning) must be a number, found '\(word)'")
    }
    return number
  }

  /// Reads the next word as a number in a range.
  public mutating func number(_ meaning: String, in range: ClosedRange<Double>) throws -> Double {
    let number = try number(meaning)
    guard range.contains(number) else {
      throw wrong(
        "\(meaning) must be from \(range.lowerBound) to \(range.upperBound), found \(number)")
    }
    return number
  }

  /// Reads the next word as one of a few known words.
  public mutating func choice(_ meaning: String, of known: [String]) throws -> String {
    let word = try word(meaning)
    guard known.contains(word) else {
      throw wrong("\(meaning) must be \(known.joined(separator: " or ")), found '\(word)'")
    }
    return word
  }

  /// Reads the next word as finite numbers separated by commas.
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

  /// Reads the next word if it is `name`, and returns whether it was.
  public mutating func take(_ name: String) -> Bool {
    guard words.first == name else { return false }
    words.removeFirst()
    return true
  }

  /// Whether the next word begins with a digit, so that it is a value and not a name.
  public var startsWithNumber: Bool { words.first.flatMap { $0.first?.isNumber } ?? false }

  /// Reads a list of layers in brackets, separated by semicolons.
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

  /// Refuses a text with words left that were not read.
  func finish() throws {
    guard let left = words.first else { return }
    throw wrong("unexpected word '\(left)'")
  }

  private func wrong(_ reason: String) -> Failure {
    let shown = text.count <= 100 ? text : text.prefix(100) + "…"
    return .badData(
      "layer '\(shown)': \(reason)", hint: "a layer is written like: conv 32 kernel 5 padding 2")
  }
}
