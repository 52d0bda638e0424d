/// A setting of a type: its name, meaning, range, and the property that holds its value.
///
/// A setting is declared once. Reading it, listing it and writing it into records all follow from
/// the declaration.
///
///     struct Noise: Configurable {
///       var sigma = 0.1
///       static let settings: [Setting<Noise>] = [
///         .double("sigma", \.sigma, "standard deviation in pixel units")
///       ]
///     }
///
///     var noise = Noise()
///     try noise.read(settings)  // sigma: 0.2 in a file gives noise.sigma == 0.2
///
/// The default of a setting is the value that the property has before reading, so it is stated
/// once, too.
public struct Setting<Root>: Sendable {
  /// Reads the setting if it is given. Otherwise the value stays as it is.
  let read: @Sendable (inout Root, Settings) throws -> Void
  /// The name and the value, as `read` would read them again. A name that occurs several times is a
  /// list.
  let values: @Sendable (Root) -> [(name: String, value: String)]

  /// Creates a setting with its own way to read and to write it.
  ///
  /// The static functions create the usual ones.
  public init(
    read: @escaping @Sendable (inout Root, Settings) throws -> Void,
    values: @escaping @Sendable (Root) -> [(name: String, value: String)]
  ) {
    self.read = read
    self.values = values
  }

  /// A whole number in a range.
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

  /// A number in a range.
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

  /// True or false.
  public static func bool(
    _ name: String, _ path: WritableKeyPath<Root, Bool> & Sendable, _ meaning: String
  ) -> Setting {
    Setting { root, settings in
      root[keyPath: path] = try settings.bool(name, default: root[keyPath: path], meaning)
    } values: {
      [(name, "\($0[keyPath: path])")]
    }
  }

  /// A whole number in a range, without a default.
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

  /// A number in a range, without a default.
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

  /// The settings of a part, which are given among those of the whole.
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

/// A type that declares its settings once, in `settings`.
public protocol Configurable: Sendable {
  /// The settings, in the order in which they are listed.
  static var settings: [Setting<Self>] { get }
}

extension Configurable {
  /// Reads the settings that are given. Each other setting keeps its value.
  /// - Throws: `Failure.badData` with the place of a setting, what was expected, and what was
  ///   found.
  public mutating func read(_ given: Settings) throws {
    for setting in Self.settings { try setting.read(&self, given) }
  }

  /// The settings in force: the name and the value of each.
  public var settingValues: [(name: String, value: String)] {
    Self.settings.flatMap { $0.values(self) }
  }
}
