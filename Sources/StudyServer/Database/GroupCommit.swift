import GRDB

/// Writes the changes of many callers to a database with few waits for the disk.
///
/// A disk takes milliseconds to store something durably. All changes that arrive while one
/// transaction is being stored go into the next one together. Each call returns after its change is
/// on disk. If a change fails, it alone is undone.
actor GroupCommit {
  private struct Change: Sendable {
    /// Runs the change in a savepoint. An error is reported to its caller only.
    let run: @Sendable (Database) throws -> Void
    /// Called with nil after the transaction is on disk, or else with the error.
    let ended: @Sendable ((any Error)?) -> Void
  }

  private let writer: any DatabaseWriter
  private var waiting: [Change] = []
  private var isWriting = false

  init(_ writer: any DatabaseWriter) {
    self.writer = writer
  }

  /// Changes the database. On return the change is on disk.
  func write<Result: Sendable>(_ body: @Sendable @escaping (Database) throws -> Result) async throws
    -> Result
  {
    try await withCheckedThrowingContinuation { continuation in
      let outcome = Outcome<Result>()
      let change = Change(
        run: { database in
          try database.inSavepoint {
            outcome.value = .success(try body(database))
            return .commit
          }
        },
        ended: { error in
          if let error {
            continuation.resume(throwing: error)
          } else {
            continuation.resume(with: outcome.value!)
          }
        })
      waiting.append(change)
      if !isWriting {
        isWriting = true
        Task { await drain() }
      }
    }
  }

  private func drain() async {
    while !waiting.isEmpty {
      let changes = waiting
      waiting = []
      await commit(changes)
    }
    isWriting = false
  }

  private func commit(_ changes: [Change]) async {
    do {
      let errors = try await writer.write { database in
        changes.map { change -> (any Error)? in
          do { try change.run(database) } catch { return error }
          return nil
        }
      }
      for (change, error) in zip(changes, errors) { change.ended(error) }
    } catch {
      for change in changes { change.ended(error) }
    }
  }

  /// The result of a change. It is written in the transaction and read after it, never at the same
  /// time.
  private final class Outcome<Value>: @unchecked Sendable {
    var value: Result<Value, any Error>?
  }
}
