import FlyingSocks
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The connections that are open: how many there may be, and until when each may wait.
///
/// A connection that waits too long, however busily it drips bytes, is shut down by `sweep`;
/// whoever reads from it then finds its end. A new one for which there is no room takes the place
/// of the one that has been idle longest.
final class ConnectionTable: @unchecked Sendable {
  private struct Entry {
    let socket: Socket
    var deadline: ContinuousClock.Instant
    /// Between two requests.
    var isIdle = true
    /// Shut down, and as good as gone.
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

  /// Enters a connection; nil if there is no room.
  func open(_ socket: Socket, for patience: Duration) -> Int? {
    lock.withLock {
      let others = entries.values.count { !$0.isEnding }
      guard others < capacity || endLongestIdle() else { return nil }
      number += 1
      entries[number] = Entry(socket: socket, deadline: clock.now + patience)
      return number
    }
  }

  /// What a connection does next must be done within a time.
  func expect(_ connection: Int, idle: Bool, within patience: Duration) {
    lock.withLock {
      entries[connection]?.deadline = clock.now + patience
      entries[connection]?.isIdle = idle
    }
  }

  /// Closes a connection. Under the lock, so that its number is not shut down after the system has
  /// given it to another.
  func close(_ connection: Int) {
    lock.withLock {
      guard let entry = entries.removeValue(forKey: connection) else { return }
      try? entry.socket.close()
    }
  }

  /// Shuts down the connections whose time is over.
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
