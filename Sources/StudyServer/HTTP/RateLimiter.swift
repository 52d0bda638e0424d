import Foundation

/// Limits how many requests each caller may send, by a token bucket for each caller.
///
/// A bucket holds at most `burst` permits and gains `perSecond` of them each second. A request
/// takes one permit.
final class RateLimiter: @unchecked Sendable {
  private let burst: Double
  private let perSecond: Double
  /// The largest number of buckets. When it is reached, full buckets are removed, which changes
  /// nothing for their callers.
  private let capacity: Int
  private let clock = ContinuousClock()
  private let lock = NSLock()
  private var buckets: [String: (permits: Double, filled: ContinuousClock.Instant)] = [:]

  init(burst: Int, perSecond: Double, capacity: Int = 10_000) {
    self.burst = Double(burst)
    self.perSecond = perSecond
    self.capacity = capacity
  }

  /// Takes a permit from a caller's bucket.
  /// - Returns: whether there was one.
  func allows(_ caller: String) -> Bool {
    let now = clock.now
    return lock.withLock {
      if buckets.count >= capacity { buckets = buckets.filter { permits($0.value, now) < burst } }
      // If no bucket could be removed, new callers are refused and known callers go on.
      guard buckets[caller] != nil || buckets.count < capacity else { return false }
      let available = permits(buckets[caller] ?? (burst, now), now)
      buckets[caller] = (max(available - 1, 0), now)
      return available >= 1
    }
  }

  /// The whole seconds after which a caller who was refused has at least one permit again; at least
  /// 1, and at most an hour.
  var retryAfter: Int { Int(min(max(1 / perSecond, 1), 3_600).rounded(.up)) }

  private func permits(
    _ bucket: (permits: Double, filled: ContinuousClock.Instant), _ now: ContinuousClock.Instant
  ) -> Double {
    let elapsed = (now - bucket.filled) / .seconds(1)
    return min(burst, bucket.permits + elapsed * perSecond)
  }
}
