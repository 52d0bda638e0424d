import Foundation
import Support

/// The accuracies of models with different values of a defense's setting on held-out images, and
/// the value that the rule chooses.
///
/// A value is admissible if its model has at least 97 % of the undefended model's accuracy on the
/// clean held-out images. Among the admissible values the rule chooses the one whose model is the
/// most accurate on FGSM examples of the undefended model (the mean over ε = 0.1, 0.2 and 0.3), and
/// the smallest of several with equal means. This is the rule of A. Ross, "Training Machine
/// Learning Models by Regularizing their Explanations" (2018), chapter 3.
///
/// The rule `worst-group` chooses the value whose model has the highest accuracy in its worst group of
/// the clean held-out images; of several, the one with the highest mean over the groups, and then the
/// smallest. It needs neither an undefended model nor examples.
public struct Tuning: Codable, Equatable, Sendable {
  /// The budgets of the examples.
  public static let epsilons = [0.1, 0.2, 0.3]
  /// The least accuracy on clean images, as a share of the undefended model's.
  public static let leastShare = 0.97

  /// How the value is chosen.
  public enum Rule: String, Codable, Sendable, CaseIterable {
    /// By the accuracy on the undefended model's examples.
    case blackBox = "black-box"
    /// By the accuracy in the worst group of the clean images.
    case worstGroup = "worst-group"

    /// The rule with a name, which files of earlier versions write in camel case.
    public init?(rawValue: String) {
      guard let rule = Self.allCases.first(where: { $0.rawValue == rawValue.hyphenated }) else {
        return nil
      }
      self = rule
    }
  }

  /// The model with one value of the setting.
  public struct Candidate: Codable, Equatable, Sendable {
    public let value: Double
    /// The cell of the clean images, and those of the undefended model's examples in ascending
    /// order of the budget.
    public let cells: [GridCell]
    /// The accuracies by group on the clean images; nil if these have no groups.
    public let byGroup: GroupAccuracies?

    public init(value: Double, cells: [GridCell], byGroup: GroupAccuracies? = nil) {
      self.value = value
      self.cells = cells
      self.byGroup = byGroup
    }

    /// The accuracy on clean images.
    public var clean: Double { cells.first { $0.epsilon == 0 }?.accuracy ?? 0 }

    /// The mean accuracy on the undefended model's examples.
    public var blackBox: Double {
      let accuracies = cells.filter { $0.epsilon > 0 }.map(\.accuracy)
      return accuracies.reduce(0, +) / Double(max(1, accuracies.count))
    }
  }

  public let experiment: String
  public let model: String
  public let setting: String
  /// nil stands for `black-box`, as in the files of versions without other rules.
  private let otherRule: Rule?
  /// How the value is chosen.
  public var rule: Rule { otherRule ?? .blackBox }
  /// The name of the undefended model; empty if there is none.
  public let reference: String
  /// The undefended model's own cells on the same images; none if there is no such model.
  public let referenceCells: [GridCell]
  /// The undefended model's accuracies by group; nil without such a model or groups.
  public let referenceByGroup: GroupAccuracies?
  /// The candidates in ascending order of the value.
  public let candidates: [Candidate]
  /// What the trust checks say about the models; nil if none were made.
  public private(set) var checks: SingleChecks?

  public init(
    experiment: String, model: String, setting: String, rule: Rule = .blackBox, reference: String,
    referenceCells: [GridCell], referenceByGroup: GroupAccuracies? = nil,
    candidates: [Candidate], checks: SingleChecks? = nil
  ) {
    self.referenceByGroup = referenceByGroup
    otherRule = rule == .blackBox ? nil : rule
    self.checks = checks
    self.experiment = experiment
    self.model = model
    self.setting = setting
    self.reference = reference
    self.referenceCells = referenceCells
    self.candidates = candidates.sorted { $0.value < $1.value }
  }

  private enum CodingKeys: String, CodingKey {
    case experiment, model, setting, reference, referenceCells, referenceByGroup, candidates
    case otherRule = "rule"
  }

  /// The clean accuracy that a candidate must reach.
  public var leastClean: Double {
    Self.leastShare * (referenceCells.first { $0.epsilon == 0 }?.accuracy ?? 0)
  }

  /// Whether a candidate is accurate enough on clean images; true for the rule `worst-group`.
  public func isAdmissible(_ candidate: Candidate) -> Bool {
    rule == .worstGroup || candidate.clean >= leastClean
  }

  /// The candidate that the rule chooses; nil if none is admissible.
  public var chosen: Candidate? {
    func ranks(_ candidate: Candidate) -> [Double] {
      switch rule {
      case .blackBox: [candidate.blackBox]
      case .worstGroup: [candidate.byGroup?.worst.accuracy ?? 0, candidate.byGroup?.mean ?? 0]
      }
    }
    var best: Candidate?
    for candidate in candidates where isAdmissible(candidate) {
      guard let other = best else {
        best = candidate
        continue
      }
      if ranks(other).lexicographicallyPrecedes(ranks(candidate)) { best = candidate }
    }
    return best
  }

  /// A table with a row for each value, in the columns
  /// `value,clean,fgsm_0.1,fgsm_0.2,fgsm_0.3,black_box,admissible,chosen`, or for the rule
  /// `worst-group` in
  /// `value,images,accuracy,mean,mean_low,mean_high,worst_group,worst,worst_low,worst_high,chosen`.
  /// Accuracies are fractions.
  public func csv() -> String { rule == .worstGroup ? groupCSV() : blackBoxCSV() }

  private func groupCSV() -> String {
    var table = CSV(
      header: "value,images,accuracy,mean,mean_low,mean_high,worst_group,worst,worst_low,"
        + "worst_high,chosen")
    func text(_ numbers: Double...) -> [String] {
      numbers.map { $0.roundedToMillionths.plainDecimal }
    }
    for candidate in candidates {
      guard let groups = candidate.byGroup else { continue }
      let (mean, worst) = (groups.meanInterval, groups.worstInterval)
      table.append(
        [candidate.value.plainDecimal, "\(groups.groups.map(\.images).reduce(0, +))"]
          + text(candidate.clean, groups.mean, mean.lowerBound, mean.upperBound)
          + [groups.worst.name]
          + text(groups.worst.accuracy, worst.lowerBound, worst.upperBound)
          + ["\(candidate == chosen)"])
    }
    return table.text
  }

  private func blackBoxCSV() -> String {
    let budgets = Self.epsilons.map { "fgsm_\($0.plainDecimal)" }
    var table = CSV(
      header: (["value", "clean"] + budgets + ["black_box", "admissible", "chosen"]).joined(
        separator: ","))
    for candidate in candidates {
      let accuracies =
        [candidate.clean] + candidate.cells.filter { $0.epsilon > 0 }.map(\.accuracy) + [
          candidate.blackBox
        ]
      table.append(
        [candidate.value.plainDecimal] + accuracies.map { $0.roundedToMillionths.plainDecimal }
          + ["\(isAdmissible(candidate))", "\(candidate == chosen)"])
    }
    return table.text
  }

  /// The content of `tuning.json`: the tuning, and what follows from it.
  public struct Record: Encodable, Sendable {
    public let format = 1
    public let chosen: Double?
    public let leastClean: Double
    /// The flags that the trust checks raised on the models.
    public let flags: [TrustFlag]
    public let tuning: Tuning
  }

  public var record: Record {
    Record(
      chosen: chosen?.value, leastClean: leastClean.roundedToMillionths,
      flags: checks?.flags ?? [], tuning: self)
  }

  /// The record as JSON with sorted keys.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(record) + Data("\n".utf8)
  }
}
