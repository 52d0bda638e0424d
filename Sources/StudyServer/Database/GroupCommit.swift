import GRDB

/// Changes from many callers, on disk when each call returns, at the price of one wait for the disk
/// for all that came meanwhile.
///
/// A disk takes milliseconds to promise that something is stored. While it does, further changes
/// gather, and go into the next transaction together. Each is undone by itself if it fails.
actor GroupCommit {
  private struct Change: Sendable {
    /// Runs in a savepoint; its error belongs to its caller alone.
    let run: @Sendable (Database) throws -> Void
    /// Told when the transaction is on disk, or why it is not.
    let ended: @Sendable ((any Error)?) -> Void
  }

  private let writer: any DatabaseWriter
  private var waiting: [Change] = []
  private var isWriting = false

  init(_ writer: any DatabaseWriter) {
    self.writer = writer
  }

  /// Changes the database; what `body` made stands on disk on return.
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

  /// Written in the transaction, read after it; one at a time.
  private final class Outcome<Value>: @unchecked Sendable {
    var value: Result<Value, any Error>?
  }
}
