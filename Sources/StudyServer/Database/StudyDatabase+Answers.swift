import Foundation
import GRDB
import HumanStudy

/// An answer as it arrives from the page.
struct GivenAnswer: Equatable, Sendable {
  var step: Course.Step
  var choice: Choice?
  var ending: Answer.Ending
  var milliseconds: Double?
  var serverMilliseconds: Double?
  /// When it was given, as ISO 8601; nil for now.
  var time: String?
}

extension StudyDatabase {
  /// Adds an answer, which must belong to the next question.
  ///
  /// An answer that is stored already changes nothing and is not an error: the page sends it again
  /// if it did not receive the reply.
  /// - Throws: `Refusal`.
  func add(_ answer: GivenAnswer, of participant: inout Participant, _ database: Database) throws {
    guard let slot = participant.slot, participant.session > 0 else { throw Refusal.notEnrolled }
    guard !participant.isWithdrawn else { throw Refusal.ended }
    let course = study.course(slot: slot)
    guard answer.step == course.next(after: participant.last) else {
      let stored = try Row.fetchOne(
        database,
        sql: """
          SELECT choice FROM given
          WHERE participant = ? AND position = ? AND question = ? AND undone IS NULL
          """,
        arguments: [participant.id, answer.step.position, answer.step.question])
      guard let stored, stored["choice"] as String? == answer.choice?.text else {
        throw Refusal.outOfTurn
      }
      return
    }
    guard participant.code == nil else { throw Refusal.ended }
    let first = answer.step.question == 2 ? participant.first : nil
    guard course.allows(answer.choice, ending: answer.ending, first: first) else {
      throw Refusal.notAnAnswer
    }
    let trial = course.trial(answer.step)
    let values: StatementArguments = [
      participant.id, participant.session, answer.step.position, trial.phase.rawValue,
      trial.stimulus, answer.step.question, answer.choice?.text, answer.ending.rawValue,
      answer.milliseconds, answer.serverMilliseconds, answer.time ?? Self.now(),
    ]
    let undos = try Self.undos(answer.step, of: participant, database)
    if undos == 0 {
      try database.execute(
        sql: "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", arguments: values)
    } else {
      try database.execute(
        sql: "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        arguments: values + [undos])
    }
    if answer.step.question == 1 { participant.first = answer.choice }
    participant.lastStep = answer.step
    participant.lastChoice = answer.choice
  }

  /// Takes the participant's last answer back, so that its question is asked again.
  ///
  /// The answer stays stored, and so does the time of the undo.
  /// - Parameters:
  ///   - step: the question of the last answer.
  ///   - time: when it was undone, as ISO 8601; nil for now.
  /// - Throws: `Refusal.settled` if the study has no undo, if the question is not that of the last
  ///   answer, if the answer was a timeout or had feedback, or if it was undone too often.
  func undo(
    _ step: Course.Step, of participant: inout Participant, time: String? = nil,
    _ database: Database
  ) throws {
    guard let slot = participant.slot, participant.session > 0 else { throw Refusal.notEnrolled }
    guard !participant.isWithdrawn, participant.code == nil else { throw Refusal.ended }
    let course = study.course(slot: slot)
    let next = course.next(after: participant.last)
    let hadFeedback =
      next?.position != step.position && course.trials.indices.contains(step.position - 1)
      && course.trial(step).phase == .practice
    let undos = try Self.undos(step, of: participant, database)
    guard study.study.canUndo, step == participant.lastStep, participant.lastChoice != nil,
      !hadFeedback, undos < Self.undoCapacity
    else { throw Refusal.settled }
    try database.execute(
      sql: "INSERT INTO undo VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        participant.id, participant.session, step.position, step.question, undos + 1,
        time ?? Self.now(),
      ])
    participant = try Self.participant(participant.id, database)
  }

  /// How many times the answer to a question was undone.
  private static func undos(
    _ step: Course.Step, of participant: Participant, _ database: Database
  ) throws -> Int {
    try Int.fetchOne(
      database,
      sql: "SELECT COUNT(*) FROM undo WHERE participant = ? AND position = ? AND question = ?",
      arguments: [participant.id, step.position, step.question]) ?? 0
  }

  /// Adds an event of the page. Events beyond `eventCapacity` are ignored.
  static func add(
    event kind: String, position: Int, milliseconds: Double, of participant: Participant,
    _ database: Database
  ) throws {
    guard participant.session > 0 else { throw Refusal.notEnrolled }
    let count = try Int.fetchOne(
      database, sql: "SELECT COUNT(*) FROM event WHERE participant = ?", arguments: [participant.id]
    )
    guard count ?? 0 < eventCapacity else { return }
    try database.execute(
      sql: """
        INSERT INTO event (participant, session, position, kind, page_ms, time)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
      arguments: [participant.id, participant.session, position, kind, milliseconds, now()])
  }

  /// Adds a comment about a sheet or, with an empty name, about the whole study. Empty comments,
  /// and further comments about the same sheet, are ignored.
  static func add(comment: String, sheet: String, of participant: Participant, _ database: Database)
    throws
  {
    let isStored = try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM comment WHERE participant = ? AND sheet = ?)",
      arguments: [participant.id, sheet])
    guard isStored != true, !comment.isEmpty else { return }
    try database.execute(
      sql: "INSERT INTO comment VALUES (?, ?, ?, ?)",
      arguments: [participant.id, sheet, comment, now()])
  }

  /// Adds what a participant answers about themselves. Questions that are left out, and those that
  /// are answered already, are ignored.
  /// - Parameter choices: the number of the choice for each question, counted from 0.
  /// - Throws: `Refusal.notAnAnswer` if the study has no such question or choice.
  func add(demographics choices: [String: Int], of participant: Participant, _ database: Database)
    throws
  {
    guard participant.slot != nil else { throw Refusal.notEnrolled }
    guard !participant.isWithdrawn, participant.code == nil else { throw Refusal.ended }
    let asked = study.study.demographics ?? []
    for (name, choice) in choices.sorted(by: { $0.key < $1.key }) {
      guard let question = asked.first(where: { $0.name == name }),
        question.choices.indices.contains(choice)
      else { throw Refusal.notAnAnswer }
      let isStored = try Bool.fetchOne(
        database,
        sql: "SELECT EXISTS (SELECT 1 FROM demographic WHERE participant = ? AND question = ?)",
        arguments: [participant.id, name])
      guard isStored != true else { continue }
      try database.execute(
        sql: "INSERT INTO demographic VALUES (?, ?, ?, ?)",
        arguments: [participant.id, name, question.choices[choice], Self.now()])
    }
  }

  /// Adds the measured size of a participant's pixels and their distance from the screen. Both are
  /// nil if the participant skips that.
  static func add(
    calibration: PageMessage.Calibration, of participant: inout Participant, _ database: Database
  ) throws {
    guard participant.slot != nil, participant.session > 0 else { throw Refusal.notEnrolled }
    guard !participant.isCalibrated else { return }
    try database.execute(
      sql: "INSERT INTO calibration VALUES (?, ?, ?, ?, ?)",
      arguments: [
        participant.id, participant.session, calibration.pixelsPerMillimetre,
        calibration.distanceMillimetres, now(),
      ])
    participant.isCalibrated = true
  }

  /// Stores that a participant has finished, with a completion code. Every question must be
  /// answered.
  /// - Parameters:
  ///   - code: the completion code; nil draws a new one.
  ///   - time: when they finished, as ISO 8601; nil for now.
  func finish(
    _ participant: inout Participant, code: String? = nil, time: String? = nil, _ database: Database
  ) throws {
    guard let slot = participant.slot else { throw Refusal.notEnrolled }
    guard !participant.isWithdrawn else { throw Refusal.ended }
    guard participant.code == nil else { return }
    guard study.course(slot: slot).next(after: participant.last) == nil else {
      throw Refusal.outOfTurn
    }
    let code = code ?? Secret.completionCode()
    try database.execute(
      sql: "INSERT INTO ending VALUES (?, ?, ?)",
      arguments: [participant.id, code, time ?? Self.now()])
    participant.code = code
  }

  /// Stores that a participant withdraws the consent.
  static func withdraw(_ participant: inout Participant, _ database: Database) throws {
    guard participant.slot != nil else { throw Refusal.notEnrolled }
    guard !participant.isWithdrawn else { return }
    try database.execute(
      sql: "INSERT INTO withdrawal VALUES (?, ?)", arguments: [participant.id, now()])
    participant.isWithdrawn = true
  }
}

extension Participant {
  /// The last answer and the question that it belongs to; nil if there is no answer.
  var last: (step: Course.Step, choice: Choice?)? { lastStep.map { ($0, lastChoice) } }
}
