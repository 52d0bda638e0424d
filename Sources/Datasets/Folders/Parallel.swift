import Dispatch
import Foundation
import ModelCore

/// Calls `body` for each number of `0..<count` on several threads, and returns when all calls have
/// ended.
/// - Parameter threads: the largest number of calls at the same time.
func inParallel(_ count: Int, threads: Int = Engine.threads, _ body: @Sendable (Int) -> Void) {
  // Each thread takes the next number as soon as it is free, since pictures take unequal times.
  let next = Guarded(0)
  DispatchQueue.concurrentPerform(iterations: min(count, threads)) { _ in
    while true {
      let number = next.access { next in
        defer { next += 1 }
        return next
      }
      guard number < count else { return }
      body(number)
    }
  }
}

/// Calls `body` for each number of `0..<count` on several threads, and returns when all calls have
/// ended.
/// - Parameter threads: the largest number of calls at the same time.
/// - Throws: one of the errors that the calls threw. After an error, calls that have not begun are left
///   out.
package func inParallel(
  throwing count: Int, threads: Int = Engine.threads, _ body: @Sendable (Int) throws -> Void
) throws {
  let failure = Guarded<(any Error)?>(nil)
  inParallel(count, threads: threads) { number in
    guard failure.access({ $0 == nil }) else { return }
    do { try body(number) } catch { failure.access { $0 = $0 ?? error } }
  }
  if let error = failure.access({ $0 }) { throw error }
}

/// A value that only one thread at a time reads or changes.
final class Guarded<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  init(_ value: Value) { self.value = value }

  func access<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    try lock.withLock { try body(&value) }
  }
}
