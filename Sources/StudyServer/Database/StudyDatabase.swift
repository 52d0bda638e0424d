import Foundation
import GRDB
import HumanStudy
import Support

/// `answers.sqlite`: who takes part, and every answer, on disk before anybody is told that it is
/// stored.
final class StudyDatabase: Sendable {
  /// Why a change was not made; the participant is told.
  enum Refusal: Error, Equatable {
    case notEnrolled
    case ended
    /// Not the question that is next: answered before in another way, or too early.
    case outOfTurn
    case notAnAnswer
    case identityTaken
    case full
    /// The text they agreed to is not the study's.
    case otherConsent
  }

  let study: LoadedStudy
  /// Minutes without an answer after which a list counts as given up.
  let patience: Double
  private let pool: DatabasePool
  private let commits: GroupCommit

  /// Participants there can be at most; an open link is open to anybody.
  static let capacity = 20_000
  /// Events kept of one participant at most.
  static let eventCapacity = 2_000

  /// Opens the study's database, or makes it.
  /// - Throws: `Failure.badData` if it belongs to another study or is no database,
  ///   `Failure.cannotWrite`.
  init(_ place: URL, _ study: LoadedStudy, patience: Double = 60) throws {
    self.study = study
    self.patience = patience
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    do {
      pool = try DatabasePool(path: place.path, configuration: configuration)
      // FULL: a commit waits for the disk, so that no loss of power loses an answer.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      try pool.write { database in
        guard try database.tableExists("study") == false else { return }
        try StudySchema.create(database)
        try database.execute(
          sql: "INSERT INTO study VALUES (?, ?, ?)",
          arguments: [StudySchema.format, study.fingerprint, crossfireVersion])
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
      throw Failure.badData("\(place.path) holds no answers that this version of crossfire reads")
    }
    guard row["fingerprint"] as String? == study.fingerprint else {
      throw Failure.badData(
        "\(place.path) holds answers to another version of this study",
        hint:
          "put the study.json and trials.csv back that they were given to, or move the file away")
    }
  }

  private static func failure(_ error: DatabaseError, _ place: URL) -> Failure {
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      .badData("\(place.path) is not an SQLite database, or a damaged one")
    default:
      .cannotWrite(
        "cannot write \(place.path): \(error.message ?? "SQLite error \(error.resultCode)")")
    }
  }

  /// Changes the database; on disk on return.
  func write<Result: Sendable>(_ body: @Sendable @escaping (Database) throws -> Result) async throws
    -> Result
  {
    try await commits.write(body)
  }

  /// Reads one consistent state of it.
  func read<Result: Sendable>(_ body: @Sendable @escaping (Database) throws -> Result) async throws
    -> Result
  {
    try await pool.read(body)
  }

  /// The same, on the calling thread.
  func inspect<Result>(_ body: (Database) throws -> Result) throws -> Result { try pool.read(body) }

  /// The moment, to the millisecond: 2026-01-31T12:00:00.000Z. Texts in the order of time.
  static func now(_ date: Date = Date()) -> String {
    date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
