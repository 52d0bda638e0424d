import Datasets
import Support

/// A way to train a network that is harder to fool: an objective, whatever must exist before
/// training, and a name and settings to ask for it.
///
/// A new defense is one file with a type that conforms, and one line in `DefenseRegistry`.
public protocol Defense: Sendable {
  /// Its name on the command line and in experiment files.
  static var name: String { get }
  /// One line for lists and help.
  static var summary: String { get }

  /// Reads its settings; the settings' defaults are the defense's.
  init(_ settings: Settings) throws

  /// Its settings as they are in force: what `init` would read to make the same defense again, for
  /// records and fingerprints. A name that stands twice is a list.
  var parameters: [(name: String, value: String)] { get }

  /// What else the weights depend on, for fingerprints: the weights of other networks.
  var dependencies: [String: String] { get }

  /// What it needs to know about every example besides the label. Data that do not have it are
  /// refused before anything is trained.
  var needs: Set<AnnotationKind> { get }

  /// What the network is trained for, once everything exists that must exist before.
  /// - Throws: `Failure` if what it needs does not fit the network, or cannot be made.
  func objective(_ preparation: Preparation) throws -> any Objective
}

extension Defense {
  public var dependencies: [String: String] { [:] }
  public var needs: Set<AnnotationKind> { [] }

  /// Name and settings: `labelSmoothing(alpha=0.1)`.
  public var text: String {
    let list = parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
    return Self.name + (list.isEmpty ? "" : "(\(list))")
  }
}

extension Defense where Self: Configurable {
  public var parameters: [(name: String, value: String)] { settingValues }
}

extension Defense where Self: Objective {
  public var needs: Set<AnnotationKind> { [] }

  public func objective(_ preparation: Preparation) throws -> any Objective { self }
}

/// No defense: cross-entropy on the images as they are.
public struct PlainTraining: Defense {
  public static let name = "none"
  public static let summary = "plain training on cross-entropy"
  public let parameters: [(name: String, value: String)] = []

  public init() {}
  public init(_ settings: Settings) {}
  public func objective(_ preparation: Preparation) -> any Objective { CrossEntropy() }
}

/// Every defense, one line each.
public enum DefenseRegistry {
  public static let all: [any Defense.Type] = [
    PlainTraining.self,
    AdversarialTraining.self,
    FastAdversarialTraining.self,
    EnsembleAdversarialTraining.self,
    Trades.self,
    GradientRegularization.self,
    CurvatureRegularization.self,
    Distillation.self,
    LabelSmoothing.self,
    GaussianNoise.self,
  ]

  public static var names: [String] { all.map { $0.name } }

  /// Makes a defense from its name and settings, and refuses settings it does not have.
  public static func defense(named name: String, _ settings: Settings) throws -> any Defense {
    guard let type = all.first(where: { $0.name == name }) else {
      throw Failure.usage("unknown defense '\(name)'", hint: hint(for: name, among: names))
    }
    let defense = try type.init(settings)
    try settings.finish(name)
    return defense
  }
}
