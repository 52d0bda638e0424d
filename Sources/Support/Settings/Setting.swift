/// One setting of a type: its name, its meaning, its range, and the property that holds its value.
/// It is declared once. The same declaration serves to read it, to record it and to list it.
///
///     struct Noise: Configurable {
///       var sigma = 0.1
///       init() {}
///       static let settings: [Setting<Noise>] = [
///         .double("sigma", \.sigma, "standard deviation, in pixel units")
///       ]
///     }
///
/// The default of a setting is the value that its property has after `init()`, so it is written
/// only once too.
public struct Setting<Root>: Sendable {
  /// Reads the setting if it is given, and otherwise leaves the value as it is.
  let read: @Sendable (inout Root, Settings) throws -> Void
  /// The setting in the form that `read` takes. A name that occurs several times is a list.
  let values: @Sendable (Root) -> [(name: String, value: String)]

  public init(
    read: @escaping @Sendable (inout Root, Settings) throws -> Void,
    values: @escaping @Sendable (Root) -> [(name: String, value: String)]
  ) {
    self.read = read
    self.values = values
  }

  public static func int(
    _ name: String, _ path: WritableKeyPath<Root, Int> & Sendable,
    in range: ClosedRange<Int> = 0...Int.max, _ meaning: String
  ) -> Setting {
    Setting { root, settings in
      root[keyPath: path] = try settings.int(
        name, default: root[keyPath: path], in: range, meaning)
    } values: {
      [(name, "\($0[keyPath: path])")]
    }
  }

  public static func double(
    _ name: String, _ path: WritableKeyPath<Root, Double> & Sendable,
    in range: ClosedRange<Double> = 0...Double.infinity, _ meaning: String
  ) -> Setting {
    Setting { root, settings in
      root[keyPath: path] = try settings.double(
        name, default: root[keyPath: path], in: range, meaning)
    } values: {
      [(name, "\($0[keyPath: path])")]
    }
  }

  public static func bool(
    _ name: String, _ path: WritableKeyPath<Root, Bool> & Sendable, _ meaning: String
  ) -> Setting {
    Setting { root, settings in
      root[keyPath: path] = try settings.bool(name, default: root[keyPath: path], meaning)
    } values: {
      [(name, "\($0[keyPath: path])")]
    }
  }

  /// A whole number that may be left out.
  public static func optionalInt(
    _ name: String, _ path: WritableKeyPath<Root, Int?> & Sendable,
    in range: ClosedRange<Int> = 0...Int.max, _ meaning: String
  ) -> Setting {
    Setting { root, settings in
      root[keyPath: path] =
        try settings.optionalInt(name, in: range, meaning) ?? root[keyPath: path]
    } values: {
      $0[keyPath: path].map { [(name, "\($0)")] } ?? []
    }
  }

  /// A number that may be left out.
  public static func optionalDouble(
    _ name: String, _ path: WritableKeyPath<Root, Double?> & Sendable,
    in range: ClosedRange<Double> = 0...Double.infinity, _ meaning: String
  ) -> Setting {
    Setting { root, settings in
      root[keyPath: path] =
        try settings.optionalDouble(name, in: range, meaning) ?? root[keyPath: path]
    } values: {
      $0[keyPath: path].map { [(name, "\($0)")] } ?? []
    }
  }

  /// One of the words of an enumeration.
  /// - Parameter known: the words that may be given; nil for all.
  public static func choice<Word: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ path: WritableKeyPath<Root, Word> & Sendable, of known: [Word]? = nil,
    _ meaning: String
  ) -> Setting where Word.RawValue == String {
    Setting { root, settings in
      let words = (known ?? Array(Word.allCases)).map(\.rawValue)
      let word = try settings.choice(
        name, of: words, default: root[keyPath: path].rawValue, meaning)
      root[keyPath: path] = Word(rawValue: word) ?? root[keyPath: path]
    } values: {
      [(name, $0[keyPath: path].rawValue)]
    }
  }

  /// The settings of a part, which are given beside the settings of the whole.
  /// - Parameter some: the settings of the part that the whole has; nil for all.
  public static func group<Part: Configurable>(
    _ path: WritableKeyPath<Root, Part> & Sendable, only some: [Setting<Part>]? = nil
  ) -> Setting {
    Setting { root, settings in
      for setting in some ?? Part.settings { try setting.read(&root[keyPath: path], settings) }
    } values: { root in
      (some ?? Part.settings).flatMap { $0.values(root[keyPath: path]) }
    }
  }
}

/// A type whose settings are declared once, in `settings`.
public protocol Configurable: Sendable {
  static var settings: [Setting<Self>] { get }
}

extension Configurable {
  /// Reads every setting that is given.
  /// - Throws: `Failure.badData` with the setting's place, what was expected and what was found.
  public mutating func read(_ given: Settings) throws {
    for setting in Self.settings { try setting.read(&self, given) }
  }

  /// The value of every setting.
  public var settingValues: [(name: String, value: String)] {
    Self.settings.flatMap { $0.values(self) }
  }
}
