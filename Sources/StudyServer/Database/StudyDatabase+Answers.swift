import Foundation
import GRDB
import HumanStudy

/// An answer as it comes in.
struct GivenAnswer: Equatable, Sendable {
  var step: Course.Step
  var choice: Choice?
  var ending: Answer.Ending
  var milliseconds: Double?
  var serverMilliseconds: Double?
  /// When it was given, if not now.
  var time: String?
}

extension StudyDatabase {
  /// Adds an answer, if it is the next one.
  ///
  /// The same answer once more changes nothing and is no error: its sender did not hear that it had
  /// arrived.
  /// - Throws: `Refusal`.
  func add(_ answer: GivenAnswer, of participant: inout Participant, _ database: Database) throws {
    guard let slot = participant.slot, participant.session > 0 else { throw Refusal.notEnrolled }
    guard !participant.isWithdrawn else { throw Refusal.ended }
    let course = study.course(slot: slot)
    guard answer.step == course.next(after: participant.last) else {
      let stored = try Row.fetchOne(
        database,
        sql: "SELECT choice FROM answer WHERE participant = ? AND position = ? AND question = ?",
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
    try database.execute(
      sql: "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        participant.id, participant.session, answer.step.position, trial.phase.rawValue,
        trial.stimulus,
        answer.step.question, answer.choice?.text, answer.ending.rawValue, answer.milliseconds,
        answer.serverMilliseconds, answer.time ?? Self.now(),
      ])
    if answer.step.question == 1 { participant.first = answer.choice }
    participant.lastStep = answer.step
    participant.lastChoice = answer.choice
  }

  /// Notes that a page was left, or came back; silently not any more when there are too many.
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
      sql:
        "INSERT INTO event (participant, session, position, kind, page_ms, time) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [participant.id, participant.session, position, kind, milliseconds, now()])
  }

  /// Keeps what somebody wrote about a sheet, or about all of it (an empty name); the first word
  /// stands.
  static func add(comment: String, sheet: String, of participant: Participant, _ database: Database)
    throws
  {
    let isThere = try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM comment WHERE participant = ? AND sheet = ?)",
      arguments: [participant.id, sheet])
    guard isThere != true, !comment.isEmpty else { return }
    try database.execute(
      sql: "INSERT INTO comment VALUES (?, ?, ?, ?)",
      arguments: [participant.id, sheet, comment, now()])
  }

  /// Ends a participant's part, if every question was answered.
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

  /// Takes the consent back.
  static func withdraw(_ participant: inout Participant, _ database: Database) throws {
    guard participant.slot != nil else { throw Refusal.notEnrolled }
    guard !participant.isWithdrawn else { return }
    try database.execute(
      sql: "INSERT INTO withdrawal VALUES (?, ?)", arguments: [participant.id, now()])
    participant.isWithdrawn = true
  }
}

extension Participant {
  var last: (step: Course.Step, choice: Choice?)? { lastStep.map { ($0, lastChoice) } }
}
