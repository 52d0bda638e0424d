import Foundation

/// When each participant was given the trial they are at, for the time the server sees them take.
/// Gone with the process: the answer after a restart has no such time.
final class Deliveries: @unchecked Sendable {
  private struct Delivery {
    let position: Int
    let session: Int
    let time: ContinuousClock.Instant
  }

  private let lock = NSLock()
  private var latest: [Int64: Delivery] = [:]

  /// Notes that a trial goes out now, if it has not in this session.
  func note(_ participant: Int64, _ position: Int, session: Int) {
    lock.withLock {
      if let last = latest[participant], last.position == position, last.session == session {
        return
      }
      latest[participant] = Delivery(position: position, session: session, time: .now)
    }
  }

  func milliseconds(_ participant: Int64, _ position: Int, until arrival: ContinuousClock.Instant)
    -> Double?
  {
    lock.withLock {
      guard let last = latest[participant], last.position == position else { return nil }
      return (arrival - last.time) / .milliseconds(1)
    }
  }
}
