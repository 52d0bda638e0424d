import Evaluation
import Support

/// What a participant chose: a class, or none of the classes.
public enum Choice: Hashable, Sendable {
  case label(Int)
  case none

  /// The choice as files write it: the number of the class, or `na`.
  public var text: String {
    switch self {
    case .label(let label): "\(label)"
    case .none: "na"
    }
  }

  /// Reads the number of a class or `na`.
  /// - Returns: nil for any other text, and for numbers written in another way, such as `03`.
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

/// One answer to one question about one picture: a row of `answers.csv`.
///
/// Rows are only ever added to that file. No row is changed.
public struct Answer: Equatable, Sendable {
  /// How a question ended.
  public enum Ending: String, Codable, CaseIterable, Sendable {
    /// The participant answered.
    case response
    /// The time limit passed, and there is no choice.
    case timeout
  }

  /// A code that identifies the participant within the study and nowhere else.
  public var participant: String
  /// How many times the participant had opened the page by then, counted from 1.
  public var session: Int
  /// The trial's place in the participant's list, counted from 1.
  public var position: Int
  public var phase: Phase
  /// The picture's name.
  public var stimulus: String
  /// 1 asks for the most plausible label, 2 for the second most plausible one.
  public var question: Int
  /// What the participant chose; nil after a timeout.
  public var choice: Choice?
  public var ending: Ending
  /// Milliseconds from the picture's first appearance to the answer, measured by the page.
  public var milliseconds: Double?
  /// Milliseconds from the delivery of the trial to the arrival of the answer, measured by the
  /// server.
  public var serverMilliseconds: Double?
  /// When the answer was stored, as ISO 8601.
  public var time: String

  public init(
    participant: String, session: Int = 1, position: Int, phase: Phase, stimulus: String,
    question: Int, choice: Choice?, ending: Ending = .response, milliseconds: Double? = nil,
    serverMilliseconds: Double? = nil, time: String = ""
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
    "rt_ms", "server_ms", "time",
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
      choice?.text ?? "", ending.rawValue, milliseconds?.plainDecimal ?? "",
      serverMilliseconds?.plainDecimal ?? "", time,
    ]
  }
}
