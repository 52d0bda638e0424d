import Support
import Testing

@testable import Datasets

@Suite("Work on all cores")
struct ParallelTests {
  @Test("every number is worked on once, and an error is thrown after all calls have ended")
  func calls() throws {
    let seen = Guarded<[Int]>([])
    try inParallel(throwing: 100) { number in seen.access { $0.append(number) } }
    #expect(seen.access { $0.sorted() } == Array(0..<100))
    let failure = #expect(throws: Failure.self) {
      try inParallel(throwing: 100) { number in
        if number == 40 { throw Failure.badData("number \(number)") }
      }
    }
    #expect(failure?.message == "number 40")
    try inParallel(throwing: 0) { _ in throw Failure.badData("never") }
  }
}
