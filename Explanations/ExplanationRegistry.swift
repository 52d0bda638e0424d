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
    guard let found = all.first(where: { $0.name == name.hyphenated }) else {
      throw Failure.usage("unknown explanation '\(name)'", hint: hint(for: name, among: names))
    }
    return found
  }
}
