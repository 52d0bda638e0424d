import Evaluation
import Support

/// What a picture is: a row of `key.csv`, which no participant and no server sees.
public struct Stimulus: Equatable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case adversarial
    /// Unchanged, to see who is attentive.
    case clean
    /// Unchanged, to practise on.
    case practice
  }

  /// The picture's opaque name.
  public var name: String
  /// SHA-256 of its file.
  public var sha256: String
  public var kind: Kind
  /// The data set, and the picture's place in it.
  public var data: String
  public var index: Int
  /// The label it had before any change.
  public var label: Int
  /// The class its model sees in it: what the attack aimed at or, if it aimed at none, what it
  /// reached. Nil for clean pictures.
  public var target: Int?
  /// The model it was made on, the attack and the budget. Nil for clean pictures.
  public var source: String?
  public var attack: String?
  public var epsilon: Double?
  /// What the model says about it, with what probability. Nil for clean pictures.
  public var predicted: Int?
  public var confidence: Double?

  public init(
    name: String, sha256: String, kind: Kind, data: String, index: Int, label: Int,
    target: Int? = nil,
    source: String? = nil, attack: String? = nil, epsilon: Double? = nil, predicted: Int? = nil,
    confidence: Double? = nil
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

  /// Whose picture it is; nil for clean ones.
  public var condition: Condition? {
    guard let source, let attack, let epsilon else { return nil }
    return Condition(source: source, attack: attack, epsilon: epsilon)
  }

  static let columns = [
    "stimulus", "sha256", "kind", "data", "index", "label", "target", "source", "attack", "epsilon",
    "predicted",
    "confidence",
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
    if kind == .adversarial {
      if target == nil { throw row.wrong("target", "a class, since the picture is adversarial") }
      if source == nil { throw row.wrong("source", "a model, since the picture is adversarial") }
      if attack == nil { throw row.wrong("attack", "an attack, since the picture is adversarial") }
      if epsilon == nil { throw row.wrong("epsilon", "a budget, since the picture is adversarial") }
    }
  }

  var fields: [String] {
    [
      name, sha256, kind.rawValue, data, "\(index)", "\(label)", target.map(String.init) ?? "",
      source ?? "",
    ]
      + [attack ?? "", epsilon?.plainDecimal ?? "", predicted.map(String.init) ?? ""]
      + [confidence?.roundedToMillionths.plainDecimal ?? ""]
  }
}

/// What a model says about a picture as it is stored: a row of `predictions.csv`.
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
