import ModelCore
import Support
import Testing

@Suite("A source of random numbers depends on its seed alone")
struct RandomSourceTests {
  @Test(
    "equal seeds give equal numbers, and others give others",
    arguments: [0, 1, 1 << 40, UInt64.max])
  func seeds(_ value: UInt64) {
    func draw(_ seed: UInt64) -> [Float] {
      let source = RandomSource(Seed(seed))
      let parts = [
        source.uniform([50]), source.normal([50]), source.integers(below: 1000, [50]),
        source.permutation(50),
      ]
      return parts.flatMap { $0.floats() }
    }
    #expect(draw(value) == draw(value))
    #expect(draw(value) != draw(value &+ 1))
  }

  @Test("drawing from one source does not change the numbers of another")
  func independent() {
    let alone = RandomSource(Seed(5))
    let expected = [alone.uniform([10]), alone.uniform([10])].map { $0.floats() }
    let first = RandomSource(Seed(5))
    let second = RandomSource(Seed(6))
    let early = first.uniform([10]).floats()
    _ = second.normal([100])
    #expect([early, first.uniform([10]).floats()] == expected)
  }

  @Test("uniform numbers fill their range and exclude the upper bound")
  func uniform() {
    let numbers = RandomSource(Seed(1)).uniform([100_000], in: -0.25..<0.75)
    #expect(numbers.min().scalar >= -0.25)
    #expect(numbers.max().scalar < 0.75)
    // The mean of 100,000 such numbers has deviation 0.0009.
    #expect(abs(numbers.mean().scalar - 0.25) < 0.005)
    #expect(numbers.min().scalar < -0.249 && numbers.max().scalar > 0.749)
  }

  @Test("normal numbers have mean 0 and variance 1")
  func normal() {
    let numbers = RandomSource(Seed(2)).normal([100_000])
    #expect(abs(numbers.mean().scalar) < 0.02)
    #expect(abs(numbers.square.mean().scalar - 1) < 0.03)
  }

  @Test("integers below a bound are in 0..<bound, and each of them occurs", arguments: [1, 2, 10])
  func integers(_ bound: Int) {
    let numbers = RandomSource(Seed(3)).integers(below: bound, [2, 500])
    #expect(numbers.shape == [2, 500])
    #expect(numbers.type == .int64)
    #expect(Set(numbers.int64s()) == Set(0..<Int64(bound)))
  }

  @Test("a permutation has each number once", arguments: [0, 1, 2, 1000])
  func permutation(_ count: Int) {
    let numbers = RandomSource(Seed(4)).permutation(count).int64s()
    #expect(numbers.sorted() == (0..<Int64(count)).map { $0 })
    if count == 1000 { #expect(numbers != numbers.sorted()) }
  }
}
