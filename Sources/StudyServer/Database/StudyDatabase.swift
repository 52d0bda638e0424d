import Foundation
import GRDB
import HumanStudy
import Support

/// The database of a study, `answers.sqlite`: its participants and their answers.
///
/// A change is on disk before the call that makes it returns.
final class StudyDatabase: Sendable {
  /// The reason why a change was refused, which the participant is told.
  enum Refusal: Error, Equatable {
    /// The participant has not consented.
    case notEnrolled
    /// The participant has finished or withdrawn.
    case ended
    /// The answer does not belong to the next question: it is too early, or the question already
    /// has another answer.
    case outOfTurn
    /// The choice is not a possible answer to the question.
    case notAnAnswer
    /// The answer can no longer be undone: a later one was given, or its feedback was shown.
    case settled
    /// A person with the same identifier already takes part.
    case identityTaken
    /// There are as many participants as there can be.
    case full
    /// The text that the participant agreed to is not the study's.
    case otherConsent
  }

  let study: LoadedStudy
  /// Minutes without an answer after which a participant's list can be given to another one.
  let patience: Double
  private let pool: DatabasePool
  private let commits: GroupCommit

  /// The largest number of participants. It bounds what strangers can store in an open study.
  static let capacity = 20_000
  /// The largest number of events of one participant.
  static let eventCapacity = 2_000
  /// The largest number of times that a participant can undo the answer to one question.
  static let undoCapacity = 20

  /// Opens the study's database, or creates it.
  /// - Throws: `Failure.badData` if the file is not a database or belongs to another study,
  ///   `Failure.cannotWrite` if it cannot be written.
  init(_ place: URL, _ study: LoadedStudy, patience: Double = 60) throws {
    self.study = study
    self.patience = patience
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    do {
      pool = try DatabasePool(path: place.path, configuration: configuration)
      // With FULL a commit waits until it is on disk, so that a power failure loses no answer.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      try pool.write { database in
        if try !database.tableExists("study") {
          try StudySchema.create(database)
          try database.execute(
            sql: "INSERT INTO study VALUES (?, ?, ?)",
            arguments: [StudySchema.format, study.fingerprint, crossfireVersion])
        }
        try StudySchema.complete(database)
      }
    } catch let error as DatabaseError {
      throw Self.failure(error, place)
    }
    commits = GroupCommit(pool)
    try check(place)
  }

  private func check(_ place: URL) throws {
    let row = try? pool.read { try Row.fetchOne($0, sql: "SELECT format, fingerprint FROM study") }
    guard let row, row["format"] as Int? == StudySchema.format else {
      throw Failure.badData(
        "\(place.path) does not hold answers in the format of this version of crossfire",
        hint: "expected format \(StudySchema.format); move the file away to begin with a new one")
    }
    guard row["fingerprint"] as String? == study.fingerprint else {
      throw Failure.badData(
        "\(place.path) holds answers to another version of this study",
        hint: "restore the study.json and trials.csv that were answered, or move the file away")
    }
  }

  private static func failure(_ error: DatabaseError, _ place: URL) -> Failure {
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      .badData(
        "\(place.path) is not an SQLite database, or it is damaged",
        hint: "restore it from a backup, or move it away to begin with a new one")
    default:
      .cannotWrite(
        "cannot write \(place.path): \(error.message ?? "SQLite error \(error.resultCode)")")
    }
  }

  /// Changes the database. On return the change is on disk.
  func write<Result: Sendable>(_ body: @Sendable @escaping (Database) throws -> Result) async throws
    -> Result
  {
    try await commits.write(body)
  }

  /// Reads the database as it was at one moment.
  func read<Result: Sendable>(_ body: @Sendable @escaping (Database) throws -> Result) async throws
    -> Result
  {
    try await pool.read(body)
  }

  /// Reads the database as it was at one moment, on the calling thread.
  func inspect<Result>(_ body: (Database) throws -> Result) throws -> Result { try pool.read(body) }

  /// A time to the millisecond, as `2026-01-31T12:00:00.000Z`. The order of these texts is the
  /// order of the times.
  static func now(_ date: Date = Date()) -> String {
    date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
