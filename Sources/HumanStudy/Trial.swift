import Evaluation
import Support

/// What a trial is for.
public enum Phase: String, Codable, CaseIterable, Sendable {
  /// With feedback, never analysed.
  case practice
  /// What the study is about.
  case main
  /// A clean picture whose label anybody sees: whoever misses too many did not look.
  case check
}

/// One picture of one participant's list: a row of `trials.csv`.
public struct Trial: Equatable, Sendable {
  /// The list's number, from 1.
  public var slot: Int
  /// The place in the list, from 1; practice comes first.
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
    slot = try row.int("participant", in: 1...1_000_000)
    position = try row.int("position", in: 1...1_000_000)
    phase = try row.word("phase", Phase.self)
    stimulus = row.text("stimulus")
    guard Study.isName(stimulus) else { throw row.wrong("stimulus", "a picture's name") }
  }

  var fields: [String] { ["\(slot)", "\(position)", phase.rawValue, stimulus] }
}
