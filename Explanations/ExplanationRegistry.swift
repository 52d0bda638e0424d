import Support

/// All methods of explanation. A method is known to the command line and to the tests once it has its
/// line here.
public enum ExplanationRegistry {
  public static let all: [any ExplanationMethod.Type] = [
    InputGradient.self,
    GradientTimesInput.self,
    SmoothGrad.self,
    IntegratedGradients.self,
    Occlusion.self,
    LocalLinearModel.self,
  ]

  public static var names: [String] { all.map { $0.name } }

  /// The method with a name.
  /// - Throws: `Failure.usage`, with the nearest name as a hint.
  public static func type(named name: String) throws -> any ExplanationMethod.Type {
    guard let found = all.first(where: { $0.name == name }) else {
      throw Failure.usage("unknown explanation '\(name)'", hint: hint(for: name, among: names))
    }
    return found
  }
}

/// A method with the name that its results have.
public struct NamedExplanation: Sendable {
  /// The name of the method, followed by its settings if several methods of a request have that name.
  public private(set) var name: String
  public let method: any ExplanationMethod
  /// The settings as the user wrote them.
  private let written: String

  /// Reads the settings of a method.
  /// - Throws: `Failure.usage` for an unknown method; `Failure.badData` with the place of a setting
  ///   that is not valid, or that the method does not have.
  public init(_ name: String, _ settings: Settings = .none()) throws {
    self.name = name
    method = try ExplanationRegistry.type(named: name).init(settings)
    try settings.finish(name)
    written = settings.entries.map { entry in
      if case .scalar(let text) = entry.value { "\(entry.name)-\(text)" } else { entry.name }
    }.joined(separator: "-")
  }

  /// The methods with names that differ, which are also the names of files.
  /// - Throws: `Failure.usage` if two methods have the same name and the same settings.
  public static func distinct(_ methods: [NamedExplanation]) throws -> [NamedExplanation] {
    let distinct = methods.map { method in
      guard methods.count(where: { $0.name == method.name }) > 1, !method.written.isEmpty else {
        return method
      }
      var longer = method
      longer.name = "\(method.name)-\(method.written)".replacing("/", with: "-")
      return longer
    }
    var seen: Set<String> = []
    for method in distinct where !seen.insert(method.name).inserted {
      throw Failure.usage(
        "--method: the method '\(method.name)' is given twice with the same settings",
        hint: "give each method once, or with different settings")
    }
    return distinct
  }
}
