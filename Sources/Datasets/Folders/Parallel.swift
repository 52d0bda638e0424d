import Dispatch
import Foundation

/// Calls `body` for each number of `0..<count` on all cores, and returns when all calls have ended.
func inParallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
  DispatchQueue.concurrentPerform(iterations: count, execute: body)
}

/// Calls `body` for each number of `0..<count` on all cores, and returns when all calls have ended.
/// - Throws: one of the errors that the calls threw. After an error, calls that have not begun are left
///   out.
package func inParallel(throwing count: Int, _ body: @Sendable (Int) throws -> Void) throws {
  let failure = Guarded<(any Error)?>(nil)
  inParallel(count) { number in
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
