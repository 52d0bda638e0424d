import Support

/// A change between two runs that must not happen, as `crossfire compare --fail-if` states it:
/// `worst-case drops 2`, `clean of normal drops 0.5`, `new flags`.
///
/// A drop is that of the measured accuracies, in percentage points, whatever its interval: on the same
/// images the same models give the same answer.
public struct FailCondition: Sendable {
  /// The condition as it was written.
  public let text: String
  private let change: Change
  /// The model that it is about; nil for all that both runs have.
  private let model: String?

  private enum Change {
    case drop(Quantity, points: Double)
    case newFlags
  }

  private enum Quantity: String, CaseIterable {
    case worstCase = "worst-case"
    case clean
    case certified
    case worstGroup = "worst-group"

    func change(of model: ModelChange) -> AccuracyChange? {
      switch self {
      case .worstCase: model.worstCase
      case .clean: model.clean
      case .certified: model.certified
      case .worstGroup: model.worstGroup
      }
    }
  }

  /// Reads a condition.
  /// - Throws: `Failure.usage` if the text is none.
  public init(_ text: String) throws {
    self.text = text
    var words = text.split(separator: " ").map(String.init)
    func refuse(_ why: String) -> Failure {
      let names = Quantity.allCases.map(\.rawValue).joined(separator: ", ")
      return .usage(
        "'\(text)' is no condition: \(why)",
        hint: "write 'Q drops N' or 'Q of MODEL drops N', where Q is one of \(names), and N the "
          + "points; or 'new flags', or 'new flags of MODEL'")
    }
    if words.starts(with: ["new", "flags"]) {
      change = .newFlags
      words.removeFirst(2)
    } else {
      guard let name = words.first, let quantity = Quantity(rawValue: name) else {
        throw refuse("it begins with '\(words.first ?? "")'")
      }
      guard words.count >= 3, words[words.count - 2] == "drops" else {
        throw refuse("it does not end with 'drops' and a number")
      }
      guard let points = (0...100.0).number(words[words.count - 1]), points > 0 else {
        throw refuse("expected points above 0 and up to 100, found '\(words[words.count - 1])'")
      }
      change = .drop(quantity, points: points)
      words = Array(words.dropFirst().dropLast(2))
    }
    guard words.isEmpty || words.count >= 2 && words[0] == "of" else {
      throw refuse("expected 'of MODEL', found '\(words.joined(separator: " "))'")
    }
    model = words.isEmpty ? nil : words.dropFirst().joined(separator: " ")
  }

  /// What fulfils the condition, each in a sentence; empty if it does not hold.
  /// - Throws: `Failure.usage` if the runs do not have what the condition is about, since a condition
  ///   that cannot be checked must not pass for one that does not hold.
  public func findings(in comparison: RunComparison) throws -> [String] {
    let models = comparison.models.filter { model == nil || $0.model == model }
    guard !models.isEmpty else {
      throw Failure.usage(
        "'\(text)': \(comparison.before) and \(comparison.after) have no model "
          + "'\(model ?? "")' in common",
        hint: "both have " + comparison.models.map(\.model).joined(separator: ", "))
    }
    switch change {
    case .newFlags:
      return comparison.newFlags.filter { model == nil || ($0.victim ?? $0.source) == model }
        .map { "new flag in \(comparison.after): \($0.subject)" }
    case .drop(let quantity, let points):
      let known = models.compactMap { model in
        quantity.change(of: model).map { (model: model.model, change: $0) }
      }
      guard !known.isEmpty else {
        throw Failure.usage(
          "'\(text)': the runs have no \(quantity.rawValue) accuracy to compare")
      }
      // The counts of a difference that is exactly N points may round to a little less.
      return known.filter { -$0.change.difference * 100 >= points - 1e-9 }.map { model, change in
        "\(quantity.rawValue) of \(model) drops by \(String((-change.difference).signedPoints.dropFirst())) "
          + "points from \(percentText(change.before)) in \(comparison.before) to "
          + "\(percentText(change.after)) in \(comparison.after)"
      }
    }
  }
}

extension TrustFlag {
  /// The flag with what it concerns: "gradient masking (fgsm, source a, victim b)".
  public var subject: String {
    let parts = [attack, source.map { "source \($0)" }, victim.map { "victim \($0)" }]
      .compactMap { $0 }
    return name + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }
}
