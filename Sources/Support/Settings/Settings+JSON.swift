import Foundation

extension Settings {
  /// Reads a JSON object as named settings; `place` names it in messages.
  ///
  /// - Throws: `Failure.badData` if it is not an object of words, numbers, lists and objects.
  public static func json(_ text: String, place: String) throws -> Settings {
    let value: JSONValue
    do {
      value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    } catch {
      throw Failure.badData(
        "\(place) is not JSON",
        hint: "for example {\"normalize\": {\"mean\": [0.5], \"std\": [0.5]}}")
    }
    guard case .map(let settings) = try value.setting(place) else {
      throw Failure.badData("\(place): expected a JSON object, names with values")
    }
    return settings
  }
}

/// A JSON value other than null.
private enum JSONValue: Decodable {
  case word(String)
  case number(Double)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let word = try? container.decode(String.self) {
      self = .word(word)
    } else if let truth = try? container.decode(Bool.self) {
      self = .word("\(truth)")
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let list = try? container.decode([JSONValue].self) {
      self = .list(list)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  func setting(_ place: String) throws -> SettingValue {
    switch self {
    case .word(let word): .scalar(word)
    case .number(let number):
      // Whole numbers are written without a fraction, as readers of whole numbers expect them.
      .scalar(Int(exactly: number).map(String.init) ?? "\(number)")
    case .list(let items): .list(try items.map { try $0.setting(place) })
    case .object(let members):
      .map(
        try Settings(
          members.sorted { $0.key < $1.key }.map { name, value in
            Settings.Entry(name: name, value: try value.setting(place), place: place)
          }, place: place))
    }
  }
}
