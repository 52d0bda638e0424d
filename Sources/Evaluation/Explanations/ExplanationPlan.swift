import Datasets
import Explanations
import Support

/// How an experiment explains the answers of its models: the entry `explain`. Its keys are those of
/// `crossfire explain`.
public struct ExplanationPlan: Configurable {
  /// The methods, with names that differ.
  public var methods: [NamedExplanation]
  /// The number of examples that are explained and shown, from the first one that is attacked.
  public var count = 6
  /// The number of features that are listed and compared.
  public var top = 10
  /// The number of examples, from the first, on which the trust is measured.
  public var trust = 50
  /// The class that is explained in place of the predicted one, by its name or its number; nil for the
  /// predicted one.
  public var explained: String?
  /// Where the experiment names that class, for messages.
  private var place = "class"

  public init(_ methods: [NamedExplanation]) { self.methods = methods }

  public static let settings: [Setting<ExplanationPlan>] = [
    Setting { plan, given in
      plan.methods = try methods(given)
    } values: { plan in
      plan.methods.map { ("methods", $0.text) }
    },
    .int("count", \.count, in: 1...100, "the number of examples that are explained and shown"),
    .int("top", \.top, in: 1...10_000, "the number of features that are listed and compared"),
    .int(
      "trust", \.trust, in: 0...Int.max,
      "the number of examples on which the trust in the explanations is measured"),
    Setting { plan, given in
      guard given.has("class") else { return }
      plan.explained = try given.string("class", "the class that is explained")
      plan.place = given.place(of: "class")
    } values: {
      $0.explained.map { [("class", $0)] } ?? []
    },
  ]

  /// Reads and checks the entry.
  /// - Throws: `Failure.badData` with the place of a setting that is missing, unknown or wrong.
  init(_ given: Settings) throws {
    self.init([])
    try asBadData {
      try read(given)
      if explained != nil { try ExplainedClass.check(methods, place: place) }
    }
    try given.finish("explain")
  }

  /// The number of the class that is explained in place of the predicted one; nil for the predicted
  /// one.
  /// - Throws: `Failure.badData` if the data have no such class.
  func explainedClass(of data: LabelledImages) throws -> Int? {
    try asBadData {
      try explained.map {
        try ExplainedClass.number($0, among: data.classNames, of: data.name, place: place)
      }
    }
  }

  private static func methods(_ given: Settings) throws -> [NamedExplanation] {
    let meaning = "the methods, each NAME or NAME:setting=value,…"
    let place = "\(given.place(of: "methods")): methods"
    guard let entry = given.value("methods", meaning) else {
      throw Failure.badData(
        "\(given.place): explain: 'methods' is missing",
        hint: "for example methods: [gradient, lime]; 'crossfire list explanations' shows them all")
    }
    let items: [SettingValue] =
      if case .list(let items) = entry.value { items } else { [entry.value] }
    guard !items.isEmpty else {
      throw Failure.badData(
        "\(place): expected at least one method, found none",
        hint: "known methods: " + ExplanationRegistry.names.joined(separator: ", "))
    }
    return try NamedExplanation.distinct(items.map { try method($0, place) }, place: place)
  }

  private static func method(_ item: SettingValue, _ place: String) throws -> NamedExplanation {
    do {
      switch item {
      case .scalar(let text): return try NamedExplanation(written: text, place: place)
      case .map(let map):
        guard let only = map.entries.first, map.entries.count == 1,
          case .map(let own) = only.value
        else { fallthrough }
        return try NamedExplanation(only.name, own)
      case .list:
        throw Failure.badData(
          "\(place): expected the name of a method, or a name with its settings",
          hint: "for example [gradient, lime: { samples: 500 }]")
      }
    } catch let failure as Failure where failure.kind == .usage {
      let isPlaced = failure.message.hasPrefix(place)
      throw Failure.badData(
        isPlaced ? failure.message : "\(place): \(failure.message)", hint: failure.hint)
    }
  }

  /// Everything that explanations depend on besides model, data and seed.
  var text: String {
    let methods = methods.map { "\($0.name) \($0.text)" }.joined(separator: "\n")
    return "\(count) \(top) \(trust) \(explained ?? "")\n\(methods)"
  }
}

/// Runs `body` and turns its `Failure.usage` into `Failure.badData`: a wrong setting in a file is
/// wrong data.
private func asBadData<Result>(_ body: () throws -> Result) throws -> Result {
  do { return try body() } catch let failure as Failure where failure.kind == .usage {
    throw Failure.badData(failure.message, hint: failure.hint)
  }
}
