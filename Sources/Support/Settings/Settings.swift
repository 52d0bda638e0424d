import Foundation

/// A value as it is written in a file or on the command line, before it is interpreted.
public indirect enum SettingValue: Sendable, Equatable {
  case scalar(String)
  case list([SettingValue])
  case map(Settings)

  /// What the value is, for error messages.
  var kind: String {
    switch self {
    case .scalar(let text): "'\(text)'"
    case .list: "a list"
    case .map: "a mapping"
    }
  }
}

/// Named values from a file or the command line, each with the place where it is given.
///
/// A reader asks for the settings that it knows, each with a default and a meaning. `finish` then
/// refuses every name that no reader asked for. The names that a reader accepts, their defaults and
/// their documentation are thus written in one place.
public final class Settings: @unchecked Sendable, Equatable {
  /// One name with its value and place (`run.yaml:12`).
  public struct Entry: Sendable, Equatable {
    public let name: String
    public let value: SettingValue
    public let place: String

    public init(name: String, value: SettingValue, place: String) {
      self.name = name
      self.value = value
      self.place = place
    }
  }

  /// A setting that a reader asked for.
  public struct Question: Sendable, Equatable {
    public let name: String
    public let fallback: String?
    public let meaning: String
  }

  public let entries: [Entry]
  /// The place of the values as a whole, for error messages.
  public let place: String
  /// The folder that relative paths start from; nil for the current one.
  public let folder: URL?
  /// The settings that readers have asked for so far. Their names are the known names.
  public private(set) var questions: [Question] = []
  /// Notices for the person who wrote the settings, one sentence each, such as that a setting has a
  /// new name.
  public private(set) var notices: [String] = []

  /// - Throws: `Failure.badData` if a name is given twice.
  public init(_ entries: [Entry], place: String, folder: URL? = nil) throws {
    self.entries = entries
    self.place = place
    self.folder = folder
    var seen: Set<String> = []
    for entry in entries where !seen.insert(entry.name).inserted {
      throw Failure.badData("\(entry.place): '\(entry.name)' is given twice")
    }
  }

  private init(place: String) {
    entries = []
    self.place = place
    folder = nil
  }

  /// Settings without values, for which readers return their defaults.
  public static func none(_ place: String = "the defaults") -> Settings { Settings(place: place) }

  public static func == (a: Settings, b: Settings) -> Bool { a.entries == b.entries }

  // MARK: Reading

  /// The value of a name, if it is given.
  public func value(_ name: String, default fallback: String? = nil, _ meaning: String) -> Entry? {
    if !questions.contains(where: { $0.name == name }) {
      questions.append(Question(name: name, fallback: fallback, meaning: meaning))
    }
    return entries.first { $0.name == name }
  }

  /// The name under which a renamed setting is given. The old name is still read, with a notice.
  public func name(_ name: String, formerly old: String) -> String {
    guard let entry = entries.first(where: { $0.name == old }), !has(name) else { return name }
    notices.append("\(entry.place): '\(old)' is now called '\(name)'")
    return old
  }

  public func has(_ name: String) -> Bool { entries.contains { $0.name == name } }

  public func string(_ name: String, default fallback: String? = nil, _ meaning: String) throws
    -> String
  {
    guard let entry = value(name, default: fallback, meaning) else {
      return try required(name, fallback, meaning)
    }
    guard case .scalar(let text) = entry.value else { throw wrong(entry, "a word") }
    return text
  }

  /// The path of a file. A relative path starts from `folder`.
  public func file(_ name: String, _ meaning: String) throws -> URL {
    located(try string(name, meaning))
  }

  func located(_ path: String) -> URL {
    guard let folder, !path.hasPrefix("/") else { return URL(filePath: path) }
    return folder.appending(path: path)
  }

  /// One of several words.
  public func choice(
    _ name: String, of known: [String], default fallback: String? = nil, _ meaning: String
  ) throws
    -> String
  {
    let word = try string(name, default: fallback, meaning + " (\(known.joined(separator: ", ")))")
    guard known.contains(word) else {
      throw Failure.badData(
        "\(place(of: name)): \(name): '\(word)' is not known", hint: hint(for: word, among: known))
    }
    return word
  }

  public func int(
    _ name: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 0...Int.max,
    _ meaning: String
  ) throws -> Int {
    guard let entry = value(name, default: fallback.map(String.init), meaning) else {
      return try required(name, fallback, meaning)
    }
    guard case .scalar(let text) = entry.value, let number = Int(text), range.contains(number)
    else {
      let bound =
        range.upperBound == .max
        ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      throw wrong(entry, "a whole number \(bound)")
    }
    return number
  }

  /// A whole number that may be left out.
  public func optionalInt(
    _ name: String, in range: ClosedRange<Int> = 0...Int.max, _ meaning: String
  ) throws -> Int? {
    value(name, meaning) == nil ? nil : try int(name, in: range, meaning)
  }

  public func double(
    _ name: String, default fallback: Double? = nil,
    in range: ClosedRange<Double> = 0...Double.infinity,
    _ meaning: String
  ) throws -> Double {
    guard let entry = value(name, default: fallback.map { "\($0)" }, meaning) else {
      return try required(name, fallback, meaning)
    }
    guard case .scalar(let text) = entry.value, let number = Double(text), number.isFinite,
      range.contains(number)
    else {
      throw wrong(entry, range.words)
    }
    return number
  }

  /// A number that may be left out.
  public func optionalDouble(
    _ name: String, in range: ClosedRange<Double> = 0...Double.infinity, _ meaning: String
  ) throws -> Double? {
    value(name, meaning) == nil ? nil : try double(name, in: range, meaning)
  }

  /// True or false.
  public func bool(_ name: String, default fallback: Bool? = nil, _ meaning: String) throws -> Bool
  {
    guard let entry = value(name, default: fallback.map { "\($0)" }, meaning) else {
      return try required(name, fallback, meaning)
    }
    guard case .scalar(let text) = entry.value, let truth = Bool(text) else {
      throw wrong(entry, "true or false")
    }
    return truth
  }

  /// Refuses names that no reader asked for.
  public func finish(_ whole: String) throws {
    let known = questions.map(\.name)
    for entry in entries where !known.contains(entry.name) {
      throw Failure.badData(
        "\(entry.place): \(whole) has no '\(entry.name)'",
        hint: known.isEmpty ? "it takes no settings" : hint(for: entry.name, among: known))
    }
  }

  /// The place of a name, or that of the whole if the name is not given.
  public func place(of name: String) -> String { entries.first { $0.name == name }?.place ?? place }

  func wrong(_ entry: Entry, _ expected: String) -> Failure {
    .badData("\(entry.place): \(entry.name): expected \(expected), found \(entry.value.kind)")
  }

  func required<Value>(_ name: String, _ fallback: Value?, _ meaning: String) throws
    -> Value
  {
    if let fallback { return fallback }
    throw Failure.badData("\(place): '\(name)' is missing (\(meaning))")
  }
}

extension ClosedRange<Double> {
  /// The range in words for an error message.
  var words: String {
    upperBound == .infinity
      ? "a number of at least \(lowerBound)" : "a number from \(lowerBound) to \(upperBound)"
  }
}
