import Evaluation
import Support

/// What somebody chose: a class, or none of them.
public enum Choice: Hashable, Sendable {
  case label(Int)
  case none

  /// As files have it: the class's number, or `na`.
  public var text: String {
    switch self {
    case .label(let label): "\(label)"
    case .none: "na"
    }
  }

  /// Reads a class's number or `na`; nil for anything else.
  public init?(_ text: String) {
    if text == "na" {
      self = .none
    } else if let label = Int(text), (0...9_999).contains(label), "\(label)" == text {
      self = .label(label)
    } else {
      return nil
    }
  }
}

/// One answer to one question about one picture: a row of `answers.csv`, to which rows are added
/// and of which none is changed.
public struct Answer: Equatable, Sendable {
  /// How the wait for an answer ended.
  public enum Ending: String, Codable, CaseIterable, Sendable {
    case response
    /// The time allowed was over; there is no choice.
    case timeout
  }

  /// Who answered: a code that stands for nobody outside the study.
  public var participant: String
  /// How often the participant had opened the page by then, from 1.
  public var session: Int
  public var position: Int
  public var phase: Phase
  public var stimulus: String
  /// 1: the most plausible label; 2: the second most plausible.
  public var question: Int
  /// Nil where the time was over.
  public var choice: Choice?
  public var ending: Ending
  /// From the picture's first appearance to the answer, measured by the page, in milliseconds.
  public var milliseconds: Double?
  /// From the trial's delivery to the answer's arrival, measured by the server, in milliseconds.
  public var serverMilliseconds: Double?
  /// When it was stored, ISO 8601.
  public var time: String

  public init(
    participant: String, session: Int = 1, position: Int, phase: Phase, stimulus: String,
    question: Int,
    choice: Choice?, ending: Ending = .response, milliseconds: Double? = nil,
    serverMilliseconds: Double? = nil,
    time: String = ""
  ) {
    self.participant = participant
    self.session = session
    self.position = position
    self.phase = phase
    self.stimulus = stimulus
    self.question = question
    self.choice = choice
    self.ending = ending
    self.milliseconds = milliseconds
    self.serverMilliseconds = serverMilliseconds
    self.time = time
  }

  static let columns = [
    "participant", "session", "position", "phase", "stimulus", "question", "choice", "ended_on",
    "rt_ms", "server_ms",
    "time",
  ]

  init(_ row: CSVReader.Row) throws {
    participant = row.text("participant")
    guard !participant.isEmpty else { throw row.wrong("participant", "a participant's code") }
    session = try row.int("session", in: 1...1_000_000)
    position = try row.int("position", in: 1...1_000_000)
    phase = try row.word("phase", Phase.self)
    stimulus = row.text("stimulus")
    guard Study.isName(stimulus) else { throw row.wrong("stimulus", "a picture's name") }
    question = try row.int("question", in: 1...2)
    ending = try row.word("ended_on", Ending.self)
    choice = Choice(row.text("choice"))
    guard choice != nil || (ending == .timeout && row.text("choice").isEmpty) else {
      throw row.wrong("choice", "a class's number or na")
    }
    milliseconds = try row.optionalDouble("rt_ms")
    serverMilliseconds = try row.optionalDouble("server_ms")
    time = row.text("time")
  }

  var fields: [String] {
    [
      participant, "\(session)", "\(position)", phase.rawValue, stimulus, "\(question)",
      choice?.text ?? "",
    ]
      + [
        ending.rawValue, milliseconds?.plainDecimal ?? "", serverMilliseconds?.plainDecimal ?? "",
        time,
      ]
  }
}

/// A participant as far as scoring needs to know: a row of `participants.csv`.
public struct ParticipantRecord: Equatable, Sendable {
  public enum Status: String, Codable, CaseIterable, Sendable {
    case started
    case finished
    /// Took the consent back: nothing of theirs is analysed.
    case withdrawn
  }

  public var participant: String
  /// The list they were given.
  public var slot: Int
  public var status: Status
  /// When they consented and when they finished, ISO 8601; empty if they have not.
  public var consented: String
  public var finished: String
  /// What the address said of who they are elsewhere, such as `PROLIFIC_PID=…`; empty if nothing.
  public var external: String

  public init(
    participant: String, slot: Int, status: Status, consented: String = "", finished: String = "",
    external: String = ""
  ) {
    self.participant = participant
    self.slot = slot
    self.status = status
    self.consented = consented
    self.finished = finished
    self.external = external
  }

  static let columns = ["participant", "slot", "status", "consented", "finished", "external"]

  init(_ row: CSVReader.Row) throws {
    participant = row.text("participant")
    guard !participant.isEmpty else { throw row.wrong("participant", "a participant's code") }
    slot = try row.int("slot", in: 1...1_000_000)
    status = try row.word("status", Status.self)
    consented = row.text("consented")
    finished = row.text("finished")
    external = row.text("external")
  }

  var fields: [String] { [participant, "\(slot)", status.rawValue, consented, finished, external] }
}
