import Foundation

/// Remembers when each participant was given their current trial, to measure on the server how long
/// the answer took.
///
/// The times are in memory only. The first answer of a participant after the server was restarted
/// has no such time.
final class Deliveries: @unchecked Sendable {
  private struct Delivery {
    let position: Int
    let session: Int
    let time: ContinuousClock.Instant
  }

  private let lock = NSLock()
  private var latest: [Int64: Delivery] = [:]

  /// Notes that a trial is delivered now, unless it was already delivered in this session.
  func note(_ participant: Int64, _ position: Int, session: Int) {
    lock.withLock {
      if let last = latest[participant], last.position == position, last.session == session {
        return
      }
      latest[participant] = Delivery(position: position, session: session, time: .now)
    }
  }

  /// Forgets the last delivery, so that the time of a trial that is shown again begins anew.
  func forget(_ participant: Int64) {
    lock.withLock { _ = latest.removeValue(forKey: participant) }
  }

  /// The milliseconds from the delivery of a trial to the arrival of its answer; nil if the
  /// delivery is not known.
  func milliseconds(
    _ participant: Int64, _ position: Int, until arrival: ContinuousClock.Instant
  ) -> Double? {
    lock.withLock {
      guard let last = latest[participant], last.position == position else { return nil }
      return (arrival - last.time) / .milliseconds(1)
    }
  }
}
