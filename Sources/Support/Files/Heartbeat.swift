import Dispatch
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Changes the times of the claims that this process holds every few seconds, which shows other
/// machines that the process is alive.
final class Heartbeat: @unchecked Sendable {
  static let shared = Heartbeat()

  private let lock = NSLock()
  private var descriptors: Set<Int32> = []
  private var timer: (any DispatchSourceTimer)?

  func add(_ descriptor: Int32) {
    lock.withLock {
      descriptors.insert(descriptor)
      guard timer == nil else { return }
      // A queue of its own, since computations may keep the shared ones busy.
      let timer = DispatchSource.makeTimerSource(
        queue: DispatchQueue(label: "heartbeat", qos: .userInteractive))
      timer.schedule(deadline: .now(), repeating: .seconds(Claim.interval))
      timer.setEventHandler { [self] in beat() }
      timer.resume()
      self.timer = timer
    }
  }

  func remove(_ descriptor: Int32) { lock.withLock { _ = descriptors.remove(descriptor) } }

  /// The lock is held meanwhile, so that no descriptor is closed and given to another file.
  private func beat() {
    lock.withLock { for descriptor in descriptors { futimens(descriptor, nil) } }
  }
}
