import Evaluation
import Support

/// What a picture is and how it was made: a row of `key.csv`.
///
/// Neither participants nor the server see that file.
public struct Stimulus: Equatable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case adversarial
    /// An unchanged picture of the clean control condition.
    case cleanControl = "clean-control"
    /// A picture of the noise control condition: the perturbation of an adversarial picture, moved
    /// to random places.
    case noiseControl = "noise-control"
    /// An unchanged picture that checks whether a participant is attentive.
    case clean
    /// An unchanged picture to practise on.
    case practice
  }

  /// The picture's name, which reveals nothing about the picture.
  public var name: String
  /// The SHA-256 of the picture's file.
  public var sha256: String
  public var kind: Kind
  /// The data set of the image that the picture is made of.
  public var data: String
  /// The image's place in the data set.
  public var index: Int
  /// The image's label, which it had before any change.
  public var label: Int
  /// The class that the attack aimed at or, if it was untargeted, the class that it reached. The
  /// source model predicts it. A picture of a control condition has the target of an adversarial
  /// picture of the same image, for comparison. Nil for checks and practice.
  public var target: Int?
  /// The source model, which the attack was run on. Nil for pictures that are not adversarial, as
  /// are the attack and the budget.
  public var source: String?
  public var attack: String?
  public var epsilon: Double?
  /// The class that the source model predicts, and the probability it gives that class. Nil for
  /// pictures that are not adversarial.
  public var predicted: Int?
  public var confidence: Double?

  public init(
    name: String, sha256: String, kind: Kind, data: String, index: Int, label: Int,
    target: Int? = nil, source: String? = nil, attack: String? = nil, epsilon: Double? = nil,
    predicted: Int? = nil, confidence: Double? = nil
  ) {
    self.name = name
    self.sha256 = sha256
    self.kind = kind
    self.data = data
    self.index = index
    self.label = label
    self.target = target
    self.source = source
    self.attack = attack
    self.epsilon = epsilon
    self.predicted = predicted
    self.confidence = confidence
  }

  /// The condition that the picture belongs to; nil for checks and practice.
  public var condition: Condition? {
    switch kind {
    case .cleanControl: return .clean
    case .noiseControl: return .noise
    case .adversarial, .clean, .practice: break
    }
    guard let source, let attack, let epsilon else { return nil }
    return Condition(source: source, attack: attack, epsilon: epsilon)
  }

  static let columns = [
    "stimulus", "sha256", "kind", "data", "index", "label", "target", "source", "attack", "epsilon",
    "predicted", "confidence",
  ]

  init(_ row: CSVReader.Row) throws {
    name = row.text("stimulus")
    guard Study.isName(name) else { throw row.wrong("stimulus", "a picture's name") }
    sha256 = row.text("sha256")
    kind = try row.word("kind", Kind.self)
    data = row.text("data")
    index = try row.int("index", in: 0...Int.max)
    label = try row.int("label", in: 0...9_999)
    target = try row.optionalInt("target", in: 0...9_999)
    source = row.text("source").isEmpty ? nil : row.text("source")
    attack = row.text("attack").isEmpty ? nil : row.text("attack")
    epsilon = try row.optionalDouble("epsilon")
    predicted = try row.optionalInt("predicted", in: 0...9_999)
    confidence = try row.optionalDouble("confidence")
    if kind != .clean, kind != .practice, target == nil {
      throw row.wrong("target", "the class that the attack aims at")
    }
    if kind == .adversarial {
      if source == nil { throw row.wrong("source", "the model of an adversarial picture") }
      if attack == nil { throw row.wrong("attack", "the attack of an adversarial picture") }
      if epsilon == nil { throw row.wrong("epsilon", "the budget of an adversarial picture") }
    }
  }

  var fields: [String] {
    [
      name, sha256, kind.rawValue, data, "\(index)", "\(label)", target.map(String.init) ?? "",
      source ?? "", attack ?? "", epsilon?.plainDecimal ?? "", predicted.map(String.init) ?? "",
      confidence?.roundedToMillionths.plainDecimal ?? "",
    ]
  }
}

/// The class that a model predicts for a picture as it is stored: a row of `predictions.csv`.
public struct ModelAnswer: Equatable, Sendable {
  public var stimulus: String
  public var model: String
  public var predicted: Int

  static let columns = ["stimulus", "model", "predicted"]

  public init(stimulus: String, model: String, predicted: Int) {
    self.stimulus = stimulus
    self.model = model
    self.predicted = predicted
  }

  init(_ row: CSVReader.Row) throws {
    stimulus = row.text("stimulus")
    model = row.text("model")
    predicted = try row.int("predicted", in: 0...9_999)
  }

  var fields: [String] { [stimulus, model, "\(predicted)"] }
}
