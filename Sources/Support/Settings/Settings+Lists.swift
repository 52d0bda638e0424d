import Foundation

/// Readers of lists, which may also be given as a single value, and of settings one level below.
extension Settings {
  /// The locations of files. Relative paths refer to `folder`.
  public func files(_ name: String, _ meaning: String) throws -> [URL] {
    try strings(name, meaning).map(located)
  }

  /// Finite numbers, each in a range. Fractions such as `8/255` are read, too.
  public func doubles(
    _ name: String, default fallback: [Double]? = nil,
    in range: ClosedRange<Double> = 0...Double.infinity,
    _ meaning: String
  ) throws -> [Double] {
    guard let entry = value(name, default: fallback.map { "\($0)" }, meaning) else {
      return try required(name, fallback, meaning)
    }
    let items: [SettingValue] =
      if case .list(let items) = entry.value { items } else { [entry.value] }
    return try items.map { item in
      guard case .scalar(let text) = item, let number = range.number(text) else {
        throw Failure.badData(
          "\(entry.place): \(name): expected numbers, each \(range.words), found \(item.kind)")
      }
      return number
    }
  }

  /// Words.
  public func strings(_ name: String, default fallback: [String]? = nil, _ meaning: String) throws
    -> [String]
  {
    guard let entry = value(name, default: fallback.map { "\($0)" }, meaning) else {
      return try required(name, fallback, meaning)
    }
    let items: [SettingValue] =
      if case .list(let items) = entry.value { items } else { [entry.value] }
    return try items.map { item in
      guard case .scalar(let text) = item else { throw wrong(entry, "a list of words") }
      return text
    }
  }

  /// The settings one level below; nil if the name is not given.
  public func map(_ name: String, _ meaning: String) throws -> Settings? {
    guard let entry = value(name, meaning) else { return nil }
    guard case .map(let settings) = entry.value else {
      throw wrong(entry, "a mapping (names with values)")
    }
    return settings
  }
}
