import Evaluation
import Support

/// The purpose of a trial.
public enum Phase: String, Codable, CaseIterable, Sendable {
  /// An unchanged picture to practise on. The participant gets feedback, and the answer is never
  /// analysed.
  case practice
  /// An adversarial picture, which the study is about.
  case main
  /// An unchanged picture whose label is easy to see. A participant who misses too many of these
  /// was not attentive.
  case check
}

/// One picture of one list: a row of `trials.csv`. Each participant gets a list of their own.
public struct Trial: Equatable, Sendable {
  /// The number of the list, counted from 1.
  public var slot: Int
  /// The place in the list, counted from 1. Practice comes first.
  public var position: Int
  public var phase: Phase
  /// The picture's name.
  public var stimulus: String

  public init(slot: Int, position: Int, phase: Phase, stimulus: String) {
    self.slot = slot
    self.position = position
    self.phase = phase
    self.stimulus = stimulus
  }

  static let columns = ["participant", "position", "phase", "stimulus"]

  init(_ row: CSVReader.Row) throws {
    // The column is named after the participant who gets the list.
    slot = try row.int("participant", in: 1...1_000_000)
    position = try row.int("position", in: 1...1_000_000)
    phase = try row.word("phase", Phase.self)
    stimulus = row.text("stimulus")
    guard Study.isName(stimulus) else { throw row.wrong("stimulus", "a picture's name") }
  }

  var fields: [String] { ["\(slot)", "\(position)", phase.rawValue, stimulus] }
}
