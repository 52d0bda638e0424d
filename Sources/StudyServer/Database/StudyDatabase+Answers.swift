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
        trial.stimulus, answer.step.question, answer.choice?.text, answer.ending.rawValue,
        answer.milliseconds, answer.serverMilliseconds, answer.time ?? Self.now(),
      ])
    if answer.step.question == 1 { participant.first = answer.choice }
    participant.lastStep = answer.step
    participant.lastChoice = answer.choice
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
