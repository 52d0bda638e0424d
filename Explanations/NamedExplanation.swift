import Support

/// A method with the name that its results have.
public struct NamedExplanation: Sendable {
  /// The name of the method, followed by its settings if several methods of a request have that name.
  public private(set) var name: String
  public let method: any ExplanationMethod

  /// Reads the settings of a method.
  /// - Throws: `Failure.usage` for an unknown method; `Failure.badData` with the place of a setting
  ///   that is not valid, or that the method does not have.
  public init(_ name: String, _ settings: Settings = .none()) throws {
    let type = try ExplanationRegistry.type(named: name)
    self.name = type.name
    method = try type.init(settings)
    try settings.finish(type.name)
  }

  /// Reads `NAME` or `NAME:setting=value,setting=value`.
  /// - Parameter place: the option or the line, for messages.
  /// - Throws: `Failure.usage` for an unknown method and for settings in another form;
  ///   `Failure.badData` for a setting that is not valid.
  public init(written text: String, place: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard let name = parts.first else {
      throw Failure.usage(
        "\(place): expected the name of a method, found nothing",
        hint: "known methods: " + ExplanationRegistry.names.joined(separator: ", "))
    }
    let subject = "\(place) \(text)"
    let words = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : []
    let entries = try words.map { word in
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw Failure.usage("\(subject): expected name=value, found '\(word)'")
      }
      return Settings.Entry(name: parts[0], value: .scalar(parts[1]), place: subject)
    }
    try self.init(name, Settings(entries, place: subject))
  }

  /// The method with every setting, as `init(written:place:)` reads it again.
  public var text: String {
    let settings = method.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return type(of: method).name + ":" + settings.joined(separator: ",")
  }

  /// The settings that are not the method's defaults, as a part of a file name.
  private func ownSettings() throws -> String {
    let defaults = try type(of: method).init(.none()).parameters
    return method.parameters.filter { defaults[$0.key] != $0.value }.sorted { $0.key < $1.key }
      .map { "\($0.key)-\($0.value)" }.joined(separator: "-").replacing("/", with: "-")
  }

  /// The methods with names that differ, which are also the names of files.
  /// - Parameter place: the option or the line, for messages.
  /// - Throws: `Failure.usage` if two methods have the same name and the same settings.
  public static func distinct(
    _ methods: [NamedExplanation], place: String = "--method"
  ) throws -> [NamedExplanation] {
    let distinct = try methods.map { method in
      let own = try method.ownSettings()
      guard methods.count(where: { $0.name == method.name }) > 1, !own.isEmpty else {
        return method
      }
      var longer = method
      longer.name = "\(method.name)-\(own)"
      return longer
    }
    var seen: Set<String> = []
    for method in distinct where !seen.insert(method.name).inserted {
      throw Failure.usage(
        "\(place): the method '\(method.name)' is given twice with the same settings",
        hint: "give each method once, or with different settings")
    }
    return distinct
  }
}
