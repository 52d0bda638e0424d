import Foundation

/// How often each caller may ask: a bucket of permits a caller, filled again at a steady rate.
final class RateLimiter: @unchecked Sendable {
  private let burst: Double
  private let perSecond: Double
  /// Callers remembered; beyond it those whose bucket is full again are forgotten, which changes
  /// nothing for them.
  private let capacity: Int
  private let clock = ContinuousClock()
  private let lock = NSLock()
  private var buckets: [String: (permits: Double, filled: ContinuousClock.Instant)] = [:]

  init(burst: Int, perSecond: Double, capacity: Int = 10_000) {
    self.burst = Double(burst)
    self.perSecond = perSecond
    self.capacity = capacity
  }

  /// Takes a permit of a caller, if there is one.
  func allows(_ caller: String) -> Bool {
    let now = clock.now
    return lock.withLock {
      if buckets.count >= capacity { buckets = buckets.filter { permits($0.value, now) < burst } }
      // Too many callers at once: the new ones wait, the known ones do not suffer.
      guard buckets[caller] != nil || buckets.count < capacity else { return false }
      let available = permits(buckets[caller] ?? (burst, now), now)
      buckets[caller] = (max(available - 1, 0), now)
      return available >= 1
    }
  }

  private func permits(
    _ bucket: (permits: Double, filled: ContinuousClock.Instant), _ now: ContinuousClock.Instant
  )
    -> Double
  {
    let elapsed = (now - bucket.filled) / .seconds(1)
    return min(burst, bucket.permits + elapsed * perSecond)
  }
}
