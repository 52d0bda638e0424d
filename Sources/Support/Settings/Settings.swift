import Foundation

/// A value as a user wrote it, in a file or on the command line, before a reader interprets it.
public indirect enum SettingValue: Sendable, Equatable {
  /// A word or a number.
  case scalar(String)
  /// A list of values.
  case list([SettingValue])
  /// Named values one level below.
  case map(Settings)

  /// The text of a word or a number; empty for other values.
  var text: String { if case .scalar(let text) = self { text } else { "" } }

  /// The kind of the value, for error messages.
  var kind: String {
    switch self {
    case .scalar(let text): "'\(text)'"
    case .list: "a list"
    case .map: "a mapping"
    }
  }
}

/// Named values that a user wrote, each with its place in a file or on the command line.
///
/// Readers ask for the names that they know, with a default and a meaning. Afterwards `finish`
/// refuses every name that no reader has asked for. The accepted names, their defaults and their
/// documentation are thus stated in one place.
///
///     let steps = try settings.int("steps", default: 10, in: 1...100, "number of steps")
///     try settings.finish("pgd")
public final class Settings: @unchecked Sendable, Equatable {
  /// A name with its value and its place, for example `run.yaml:12`.
  public struct Entry: Sendable, Equatable {
    public let name: String
    public let value: SettingValue
    public let place: String

    public init(name: String, value: SettingValue, place: String) {
      self.name = name
      self.value = value
      self.place = place
    }

    /// Whether the place is an option of the command line that has the entry's name, as
    /// `--batch-size` has that of `batchSize`.
    var isOption: Bool {
      let name = name.map { $0.isUppercase ? "-" + $0.lowercased() : String($0) }.joined()
      return place == "--" + name
    }

    /// The place and the name for an error message: `run.yaml:3: epochs`, or only `--epochs`.
    var subject: String { isOption ? place : "\(place): \(name)" }
  }

  /// A name that a reader has asked for.
  public struct Question: Sendable, Equatable {
    /// The name.
    public let name: String
    /// The default as text; nil if there is none.
    public let fallback: String?
    /// What the setting means, for lists and error messages.
    public let meaning: String
  }

  /// The values, in the order in which they were written.
  public let entries: [Entry]
  /// The place of the settings as a whole.
  public let place: String
  /// The folder to which relative paths refer; nil for the current one.
  public let folder: URL?
  /// The names that readers have asked for so far, each once.
  public private(set) var questions: [Question] = []
  /// Notices for the user, one sentence each, for example about a name that has changed.
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

  /// Settings without values, for which all readers return their defaults.
  public static func none(_ place: String = "the defaults") -> Settings { Settings(place: place) }

  public static func == (a: Settings, b: Settings) -> Bool { a.entries == b.entries }

  // MARK: Reading

  /// The entry of a name, if the name is given.
  public func value(_ name: String, default fallback: String? = nil, _ meaning: String) -> Entry? {
    if !questions.contains(where: { $0.name == name }) {
      questions.append(Question(name: name, fallback: fallback, meaning: meaning))
    }
    return entries.first { $0.name == name }
  }

  /// The name under which a setting is given that formerly had another name.
  ///
  /// The former name is still read, with a notice. If both names are given, the new one is used,
  /// and `finish` refuses the former one.
  public func name(_ name: String, formerly old: String) -> String {
    guard let entry = entries.first(where: { $0.name == old }), !has(name) else { return name }
    notices.append("\(entry.place): '\(old)' is now called '\(name)'")
    return old
  }

  /// Whether a name is given.
  public func has(_ name: String) -> Bool { entries.contains { $0.name == name } }

  /// A word.
  /// - Throws: `Failure.badData` if the value is not a word, or if it is missing and has no
  ///   default.
  public func string(_ name: String, default fallback: String? = nil, _ meaning: String) throws
    -> String
  {
    guard let entry = value(name, default: fallback, meaning) else {
      return try required(name, fallback, meaning)
    }
    guard case .scalar(let text) = entry.value else { throw wrong(entry, "a word") }
    return text
  }

  /// The location of a file. A relative path refers to `folder`.
  public func file(_ name: String, _ meaning: String) throws -> URL {
    located(try string(name, meaning))
  }

  /// The location for a path as a user wrote it.
  func located(_ path: String) -> URL {
    guard let folder, !path.hasPrefix("/") else { return URL(filePath: path) }
    return folder.appending(path: path)
  }

  /// One of several words. A word in camel case stands for the one with hyphens.
  /// - Parameter isOther: whether a text that is none of them is accepted nevertheless, such as a
  ///   word that is followed by numbers.
  public func choice(
    _ name: String, of known: [String], default fallback: String? = nil, _ meaning: String,
    orIf isOther: (String) -> Bool = { _ in false }
  ) throws
    -> String
  {
    let word = try string(name, default: fallback, meaning + " (\(known.joined(separator: ", ")))")
    if known.contains(word) || isOther(word) { return word }
    guard known.contains(word.hyphenated) else {
      let subject = entries.first { $0.name == name }?.subject ?? "\(place): \(name)"
      throw Failure.badData(
        "\(subject): '\(word)' is not known", hint: hint(for: word, among: known))
    }
    return word.hyphenated
  }

  /// A whole number in a range.
  public func int(
    _ name: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 0...Int.max,
    _ meaning: String
  ) throws -> Int {
    guard let entry = value(name, default: fallback.map(String.init), meaning) else {
      return try required(name, fallback, meaning)
    }
    guard case .scalar(let text) = entry.value, let number = range.number(text) else {
      throw wrong(entry, range.expected(insteadOf: entry.value.text))
    }
    return number
  }

  /// A whole number in a range; nil if it is not given.
  public func optionalInt(
    _ name: String, in range: ClosedRange<Int> = 0...Int.max, _ meaning: String
  ) throws -> Int? {
    value(name, meaning) == nil ? nil : try int(name, in: range, meaning)
  }

  /// A finite number in a range. A fraction such as `8/255` is read, too.
  public func double(
    _ name: String, default fallback: Double? = nil,
    in range: ClosedRange<Double> = 0...Double.infinity,
    _ meaning: String
  ) throws -> Double {
    guard let entry = value(name, default: fallback.map { "\($0)" }, meaning) else {
      return try required(name, fallback, meaning)
    }
    guard case .scalar(let text) = entry.value, let number = range.number(text) else {
      throw wrong(entry, range.words)
    }
    return number
  }

  /// A finite number in a range; nil if it is not given.
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

  /// Refuses every name that no reader has asked for.
  /// - Parameter whole: what the settings belong to, for the message.
  /// - Throws: `Failure.badData`, with the place and the nearest known name.
  public func finish(_ whole: String) throws {
    let known = questions.map(\.name)
    for entry in entries where !known.contains(entry.name) {
      throw Failure.badData(
        "\(entry.place): \(whole) has no '\(entry.name)'",
        hint: known.isEmpty ? "it takes no settings" : hint(for: entry.name, among: known))
    }
  }

  /// The place of a name, or of the settings as a whole if it is not given.
  public func place(of name: String) -> String { entries.first { $0.name == name }?.place ?? place }

  /// The error for a value of the wrong kind.
  func wrong(_ entry: Entry, _ expected: String) -> Failure {
    guard entry.isOption, case .scalar(let text) = entry.value, !text.isEmpty else {
      return .badData("\(entry.subject): expected \(expected), found \(entry.value.kind)")
    }
    return .badData("\(entry.place) \(text): expected \(expected)")
  }

  /// The default, if there is one.
  /// - Throws: `Failure.badData` for a missing value without a default.
  func required<Value>(_ name: String, _ fallback: Value?, _ meaning: String) throws
    -> Value
  {
    if let fallback { return fallback }
    throw Failure.badData("\(place): '\(name)' is missing (\(meaning))")
  }
}
