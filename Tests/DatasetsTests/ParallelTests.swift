import Foundation
import Support
import Testing

@testable import Datasets

@Suite("Work on several threads")
struct ParallelTests {
  @Test("every number is worked on once, and an error is thrown after all calls have ended")
  func calls() throws {
    for threads in [1, 4, 300] {
      let seen = Guarded<[Int]>([])
      try inParallel(throwing: 100, threads: threads) { number in
        seen.access { $0.append(number) }
      }
      #expect(seen.access { $0.sorted() } == Array(0..<100))
    }
    let failure = #expect(throws: Failure.self) {
      try inParallel(throwing: 100, threads: 4) { number in
        if number == 40 { throw Failure.badData("number \(number)") }
      }
    }
    #expect(failure?.message == "number 40")
    try inParallel(throwing: 0) { _ in throw Failure.badData("never") }
  }

  @Test("no more calls than threads run at the same time")
  func threads() {
    for threads in [1, 2] {
      let running = Guarded((now: 0, most: 0))
      inParallel(40, threads: threads) { _ in
        running.access { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        Thread.sleep(forTimeInterval: 0.001)
        running.access { $0.now -= 1 }
      }
      #expect(running.access { $0.most } <= threads)
    }
    let order = Guarded<[Int]>([])
    inParallel(100, threads: 1) { number in order.access { $0.append(number) } }
    #expect(order.access { $0 } == Array(0..<100))
  }
}
