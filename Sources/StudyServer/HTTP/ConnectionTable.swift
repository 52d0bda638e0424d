import FlyingSocks
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The open connections, with a limit on their number and a deadline for each.
///
/// A deadline is set for a whole step, such as the arrival of a complete request. So a caller who
/// sends a byte now and then cannot keep a connection open. `sweep` shuts down connections whose
/// deadline has passed, and a task that reads from one then finds its end. If there is no room for
/// a new connection, the connection that has been idle the longest is shut down.
final class ConnectionTable: @unchecked Sendable {
  private struct Entry {
    let socket: Socket
    var deadline: ContinuousClock.Instant
    /// Whether the connection waits for its next request.
    var isIdle = true
    /// Whether the connection is shut down. It is removed when its task ends.
    var isEnding = false
  }

  private let capacity: Int
  private let clock = ContinuousClock()
  private let lock = NSLock()
  private var entries: [Int: Entry] = [:]
  private var number = 0

  init(capacity: Int) {
    self.capacity = capacity
  }

  var count: Int { lock.withLock { entries.count } }

  /// Adds a connection.
  /// - Returns: the connection's number; nil if there is no room.
  func open(_ socket: Socket, for patience: Duration) -> Int? {
    lock.withLock {
      let others = entries.values.count { !$0.isEnding }
      guard others < capacity || endLongestIdle() else { return nil }
      number += 1
      entries[number] = Entry(socket: socket, deadline: clock.now + patience)
      return number
    }
  }

  /// Sets the deadline of a connection's next step.
  func expect(_ connection: Int, idle: Bool, within patience: Duration) {
    lock.withLock {
      entries[connection]?.deadline = clock.now + patience
      entries[connection]?.isIdle = idle
    }
  }

  /// Closes a connection. This happens under the lock, because the system may give the descriptor
  /// to a new connection, which `sweep` must not shut down in place of this one.
  func close(_ connection: Int) {
    lock.withLock {
      guard let entry = entries.removeValue(forKey: connection) else { return }
      try? entry.socket.close()
    }
  }

  /// Shuts down the connections whose deadline has passed.
  func sweep() {
    let now = clock.now
    lock.withLock {
      for (connection, entry) in entries where entry.deadline < now && !entry.isEnding {
        end(connection)
      }
    }
  }

  /// Shuts down every connection.
  func endAll() {
    lock.withLock { for connection in entries.keys { end(connection) } }
  }

  private func endLongestIdle() -> Bool {
    let idle = entries.filter { $0.value.isIdle && !$0.value.isEnding }
    guard let oldest = idle.min(by: { $0.value.deadline < $1.value.deadline }) else { return false }
    end(oldest.key)
    return true
  }

  private func end(_ connection: Int) {
    guard let entry = entries[connection] else { return }
    shutdown(entry.socket.file.rawValue, Int32(SHUT_RDWR))
    entries[connection]?.isEnding = true
  }
}
