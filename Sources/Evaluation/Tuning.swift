import Foundation
import Support

/// What each value of a defense's setting came to on images held out of training, and which one the
/// rule chooses.
///
/// The rule: the highest accuracy on black-box examples, made on the undefended model by FGSM with
/// ε = 0.1, 0.2 and 0.3 (the mean over the three), among the values whose model is on clean images
/// at least 97 % as accurate as the undefended one. Of equals the first. A. Ross, "Training machine
/// learning models by regularizing their explanations" (2018), chapter 3.
public struct Tuning: Codable, Equatable, Sendable {
  /// The budgets of the examples.
  public static let epsilons = [0.1, 0.2, 0.3]
  /// The least clean accuracy, as a share of the undefended model's.
  public static let leastShare = 0.97

  /// One value's model.
  public struct Candidate: Codable, Equatable, Sendable {
    public let value: Double
    /// On the images as they are, and on the undefended model's examples within each budget,
    /// ascending.
    public let cells: [GridCell]

    public init(value: Double, cells: [GridCell]) {
      self.value = value
      self.cells = cells
    }

    /// The accuracy on clean images.
    public var clean: Double { cells.first { $0.epsilon == 0 }?.accuracy ?? 0 }

    /// The mean accuracy on the examples.
    public var blackBox: Double {
      let accuracies = cells.filter { $0.epsilon > 0 }.map(\.accuracy)
      return accuracies.reduce(0, +) / Double(max(1, accuracies.count))
    }
  }

  public let experiment: String
  public let model: String
  public let setting: String
  /// The undefended model's name, and its own accuracy on the same images: as they are, and within
  /// each budget.
  public let reference: String
  public let referenceCells: [GridCell]
  /// By ascending value.
  public let candidates: [Candidate]

  public init(
    experiment: String, model: String, setting: String, reference: String,
    referenceCells: [GridCell],
    candidates: [Candidate]
  ) {
    self.experiment = experiment
    self.model = model
    self.setting = setting
    self.reference = reference
    self.referenceCells = referenceCells
    self.candidates = candidates.sorted { $0.value < $1.value }
  }

  /// The clean accuracy that a candidate must reach.
  public var leastClean: Double {
    Self.leastShare * (referenceCells.first { $0.epsilon == 0 }?.accuracy ?? 0)
  }

  public func isAdmissible(_ candidate: Candidate) -> Bool { candidate.clean >= leastClean }

  /// What the rule chooses; nil if no value's model is accurate enough.
  public var chosen: Candidate? {
    var best: Candidate?
    for candidate in candidates where isAdmissible(candidate) {
      if candidate.blackBox > best?.blackBox ?? -1 { best = candidate }
    }
    return best
  }

  /// One line a value: `value,clean,fgsm_0.1,fgsm_0.2,fgsm_0.3,black_box,admissible,chosen`,
  /// accuracies as fractions.
  public func csv() -> String {
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

  /// Everything, and what follows from it: what `tuning.json` holds.
  public struct Record: Encodable, Sendable {
    public let format = 1
    public let chosen: Double?
    public let leastClean: Double
    public let tuning: Tuning
  }

  public var record: Record {
    Record(chosen: chosen?.value, leastClean: leastClean.roundedToMillionths, tuning: self)
  }

  /// The record as JSON with sorted keys.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(record) + Data("\n".utf8)
  }
}
