import Evaluation

/// The rules by which participants are left out of the analysis.
///
/// `study.json` has them before anybody answers, so that nobody can choose them by the results.
public struct ExclusionRules: Codable, Equatable, Sendable {
  /// The number of unchanged pictures in a list that check attention.
  public var checks: Int
  /// Participants who name a smaller share of the checks correctly are left out.
  public var checksRight: Double
  /// Participants whose median time for a picture is shorter are left out; in seconds, 0 for nobody.
  public var fastest: Double
  /// Whether the answers of participants who did not finish are analysed.
  public var keepUnfinished: Bool

  public init(_ design: StudyDesign) {
    checks = design.checks
    checksRight = design.checksRight
    fastest = design.fastest
    keepUnfinished = design.keepUnfinished
  }

  /// The rules of a study.
  ///
  /// A study of an earlier version has none in `study.json`. Its rules are those of its design,
  /// which had none about speed.
  init(_ study: Study, _ design: StudyDesign) {
    guard let rules = study.exclusion else {
      self.init(design)
      fastest = 0
      return
    }
    self = rules
  }

  /// A rule and a participant's violation of it.
  enum Rule: String, CaseIterable, Sendable {
    case withdrawn
    case pilot
    case unfinished
    case checks
    case fastest
  }

  /// The rules that are in force, each as a sentence.
  var sentences: [(rule: Rule, sentence: String)] {
    Rule.allCases.compactMap { rule in sentence(rule).map { (rule, $0) } }
  }

  private func sentence(_ rule: Rule) -> String? {
    switch rule {
    case .withdrawn: "Participants who withdraw the consent are left out."
    case .pilot: "Participants of the pilot are left out."
    case .unfinished: keepUnfinished ? nil : "Participants who do not finish are left out."
    case .checks:
      checks == 0
        ? nil
        : "Participants who get fewer than \(Self.percent(checksRight)) % of the \(checks) "
          + "unchanged pictures that check attention right are left out."
    case .fastest:
      fastest == 0
        ? nil
        : "Participants whose median time for a picture is below \(fastest) s are left out."
    }
  }

  /// The first rule that leaves a participant out, with the reason in the words of the results; nil
  /// if the participant is analysed.
  func violation(
    _ showings: [StudyData.Showing], _ status: ParticipantRecord.Status, isPilot: Bool
  ) -> (rule: Rule, reason: String)? {
    if status == .withdrawn { return (.withdrawn, "withdrew the consent") }
    if isPilot { return (.pilot, "took part in the pilot") }
    if status == .started && !keepUnfinished { return (.unfinished, "did not finish") }
    let asked = showings.filter { $0.phase == .check }
    let right = asked.count(where: \.isRight)
    if !asked.isEmpty, Double(right) < checksRight * Double(asked.count) {
      return (
        .checks,
        "\(right) of \(asked.count) checks right, the design asks for \(Self.percent(checksRight)) %"
      )
    }
    let times = showings.filter { $0.phase == .main }.compactMap(\.milliseconds)
    if let middle = median(times), middle < fastest * 1000 {
      return (.fastest, "median time \(Int(middle.rounded())) ms, the design asks for \(fastest) s")
    }
    return nil
  }

  private static func percent(_ share: Double) -> Int { Int((share * 100).rounded()) }
}
