/// An experiment file as a user may have written it: one value that may be wrong, in one of several
/// ways of writing YAML. What reading it must give is known.
struct AwkwardExperiment: Sendable {
  /// What must come of the value.
  enum Verdict: Sendable, Equatable {
    /// It is read as this number.
    case number(Double)
    /// It is read as this number, or refused.
    case numberOrRefused(Double)
    case refused
  }

  /// A setting with a value.
  struct Value: Sendable {
    let name: String
    let text: String
    let verdict: Verdict

    init(_ name: String, _ text: String, _ verdict: Verdict) {
      (self.name, self.text, self.verdict) = (name, text, verdict)
    }
  }

  /// A way of writing the file. All but `tabs`, `twice` and `misspelt` are sound.
  enum Style: CaseIterable {
    case plain, byteOrderMark, carriageReturns, comments, quoted, anchors, flow
    case tabs, twice, misspelt

    var isSound: Bool { ![.tabs, .twice, .misspelt].contains(self) }
  }

  let value: Value
  let style: Style

  static let values: [Value] = [
    .init("epsilons", "0.1", .number(0.1)), .init("epsilons", "1e-1", .number(0.1)),
    .init("epsilons", ".1", .number(0.1)), .init("epsilons", "8/255", .number(8.0 / 255)),
    .init("epsilons", "+0.1", .numberOrRefused(0.1)), .init("epsilons", "8", .refused),
    .init("epsilons", "1.01", .refused), .init("epsilons", "-0.1", .refused),
    .init("epsilons", ".nan", .refused), .init("epsilons", ".inf", .refused),
    .init("epsilons", "1/0", .refused), .init("epsilons", "a lot", .refused),
    .init("epsilons", "\u{0661}", .refused), .init("epsilons", "1", .number(1)),
    .init("count", "10", .number(10)), .init("count", "10.0", .numberOrRefused(10)),
    .init("count", "0", .refused), .init("count", "-3", .refused), .init("count", "ten", .refused),
    .init("count", "1.5", .refused), .init("count", "99999999999999999999", .refused),
    .init("epochs", "3", .number(3)), .init("epochs", "0", .refused),
    .init("epochs", "1e30", .refused), .init("epochs", "-1", .refused),
    .init("epochs", "2.5", .refused), .init("seed", "7", .number(7)),
    .init("seed", "-7", .refused), .init("seed", "0.5", .refused),
    .init("repeats", "1", .number(1)), .init("repeats", "0", .refused),
    .init("repeats", "many", .refused), .init("learningRate", "0.01", .number(0.01)),
    .init("learningRate", "0", .refused), .init("learningRate", "-0.01", .refused),
    .init("learningRate", ".nan", .refused), .init("batchSize", "32", .number(32)),
    .init("batchSize", "0", .refused), .init("batchSize", "1", .refused),
  ]

  /// Every value in every style.
  static let all = values.flatMap { value in
    Style.allCases.map { AwkwardExperiment(value: value, style: $0) }
  }

  /// The file.
  var text: String { text(with: value.text) }

  /// The file with another value in the same place.
  func text(with word: String) -> String {
    func given(_ name: String, _ usual: String) -> String {
      guard name == value.name else { return usual }
      return style == .quoted ? "'\(word)'" : style == .anchors ? "&a \(word)" : word
    }
    let epochs = style == .misspelt ? "epoch5" : "epochs"
    let training = [
      "architecture: small", "\(epochs): " + given("epochs", "2"),
      "learningRate: " + given("learningRate", "0.001"), "batchSize: " + given("batchSize", "64"),
    ]
    let indent = style == .tabs ? "\t" : "    "
    let models =
      style == .flow
      ? ["  a: { \(training.joined(separator: ", ")) }"]
      : ["  a:"] + training.map { indent + $0 }
    var lines =
      [
        "name: awkward", "seed: " + given("seed", "1"),
        "data: { name: synthetic, train: 20, test: 20 }", "models:",
      ] + models + [
        "attacks:", "  fgsm: { epsilons: [" + given("epsilons", "0.2") + "] }",
        "count: " + given("count", "20"), "repeats: " + given("repeats", "1"),
      ]
    switch style {
    case .comments: lines = lines.flatMap { ["# a comment: { with, braces", $0 + "   # why"] }
    case .twice: lines.append("count: 5")
    default: break
    }
    let ending = style == .carriageReturns ? "\r\n" : "\n"
    return (style == .byteOrderMark ? "\u{FEFF}" : "") + lines.joined(separator: ending) + ending
  }
}
