import Attacks
import Datasets
import Foundation
import Support

/// A method to train a network that is harder to fool: an objective, together with everything that
/// must exist before training.
///
/// To add a defense, write one file with a type that conforms to this protocol, and add one line to
/// `DefenseRegistry`.
public protocol Defense: Sendable {
  /// The name on the command line and in experiment files.
  static var name: String { get }
  /// A description of one line, for lists and help.
  static var summary: String { get }

  /// Creates the defense from settings. A setting that is not given keeps its default.
  /// - Throws: `Failure` if a setting has no valid value.
  init(_ settings: Settings) throws

  /// The settings in force, for records and fingerprints. From these settings, `init` creates the
  /// same defense again. A name that occurs several times is a list.
  var parameters: [(name: String, value: String)] { get }

  /// Everything else that the weights depend on, for fingerprints. An example is the fingerprint of
  /// another network's weights.
  var dependencies: [String: String] { get }

  /// What the defense needs to know about every example besides the label. Data without it are
  /// refused before anything is trained.
  var needs: Set<AnnotationKind> { get }

  /// The files that the defense was made from, such as those of other models.
  var files: [URL] { get }

  /// Checks that the budget of the perturbations that the defense makes, if it makes any, suits
  /// images of a value range.
  /// - Parameter features: the number of values of an image.
  /// - Throws: `Failure.usage`, which names the budget and says what was expected.
  func checkBudget(in valueRange: ClosedRange<Double>, features: Int) throws

  /// The objective of the training.
  /// - Parameter preparation: the network that is to be trained, and other networks if the defense
  ///   needs them.
  /// - Throws: `Failure` if something that the defense needs does not fit the network or cannot be
  ///   made.
  func objective(_ preparation: Preparation) throws -> any Objective
}

extension Defense {
  public var dependencies: [String: String] { [:] }
  public var needs: Set<AnnotationKind> { [] }
  public var files: [URL] { [] }
  public func checkBudget(in valueRange: ClosedRange<Double>, features: Int) throws {}

  /// The name and the settings, for example `label-smoothing(alpha=0.1)`.
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

/// No defense: training on the cross-entropy of the images as they are.
public struct PlainTraining: Defense {
  public static let name = "none"
  public static let summary = "plain training with cross-entropy"
  public let parameters: [(name: String, value: String)] = []

  public init() {}
  public init(_ settings: Settings) {}
  public func objective(_ preparation: Preparation) -> any Objective { CrossEntropy() }
}

/// All defenses. A defense is known to the command line, to experiment files and to the tests once
/// it has its line here.
public enum DefenseRegistry {
  public static let all: [any Defense.Type] = [
    PlainTraining.self,
    AdversarialTraining.self,
    FastAdversarialTraining.self,
    EnsembleAdversarialTraining.self,
    Trades.self,
    GradientRegularization.self,
    RightForTheRightReasons.self,
    LogitGradientRegularization.self,
    ContextualDecomposition.self,
    AverageExplanation.self,
    ProjectedGradientExplanation.self,
    IntervalExplanation.self,
    IntervalTraining.self,
    LinearRelaxationTraining.self,
    GroupDRO.self,
    ClassWeights.self,
    CurvatureRegularization.self,
    Distillation.self,
    LabelSmoothing.self,
    GaussianNoise.self,
  ]

  public static var names: [String] { all.map { $0.name } }

  /// Creates a defense from its name and settings.
  /// - Throws: `Failure.usage`, with the nearest name as a hint, for an unknown name;
  ///   `Failure.badData` for a setting that the defense does not have or that is not valid.
  public static func defense(named name: String, _ settings: Settings) throws -> any Defense {
    guard let type = all.first(where: { $0.name == name.hyphenated }) else {
      throw Failure.usage("unknown defense '\(name)'", hint: hint(for: name, among: names))
    }
    let defense = try type.init(settings)
    try settings.finish(type.name)
    return defense
  }
}
