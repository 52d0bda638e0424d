import Foundation
import ModelCore
import Support
import Testing

@Suite("Random numbers that belong to examples")
struct ExampleDrawsTests {
  private let draws = ExampleDraws(Seed(3), examples: Array(0..<50))

  @Test("An example gets the same numbers in any batch and at any place of it")
  func batches() {
    let all = draws.uniform([2, 3]).floats()
    let turned = ExampleDraws(Seed(3), examples: [41, 7])
    #expect(turned.uniform([2, 3]).floats() == Array(all[246..<252]) + Array(all[42..<48]))
    #expect(
      draws.rows(Tensor(labels: [41, 7])).uniform([2, 3]).floats()
        == turned.uniform([2, 3]).floats())
    let normal = draws.normal([5]).floats()
    #expect(ExampleDraws(Seed(3), examples: [9]).normal([5]).floats() == Array(normal[45..<50]))
  }

  @Test("Each purpose, each seed and each example has numbers of its own")
  func purposes() {
    let first = draws.uniform([4]).floats()
    #expect(draws.purpose("a").uniform([4]).floats() != first)
    #expect(draws.purpose("a").uniform([4]).floats() != draws.purpose("b").uniform([4]).floats())
    #expect(ExampleDraws(Seed(4), examples: draws.examples).uniform([4]).floats() != first)
    #expect(Set(first).count == first.count)
    #expect(draws.sharedUniform() != Double(draws.uniform().floats()[0]))
  }

  @Test("Uniform, normal, signs and whole numbers have the moments of their distributions")
  func moments() {
    let many = ExampleDraws(Seed(1), examples: Array(0..<400))
    func moments(_ values: [Float]) -> (mean: Double, variance: Double) {
      let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
      let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
      return (mean, squares / Double(values.count))
    }
    // 200,000 numbers: five standard errors of each moment.
    let uniform = many.uniform([500], in: -1..<3).floats()
    #expect(uniform.allSatisfy { $0 >= -1 && $0 < 3 })
    #expect(
      abs(moments(uniform).mean - 1) < 0.013 && abs(moments(uniform).variance - 4.0 / 3) < 0.014)
    let normal = moments(many.normal([499]).floats())
    #expect(abs(normal.mean) < 0.012 && abs(normal.variance - 1) < 0.016)
    let signs = many.signs([500]).floats()
    #expect(signs.allSatisfy { abs($0) == 1 } && abs(moments(signs).mean) < 0.012)
    let whole = many.integers(below: 5, [500]).int64s()
    for value in 0..<5 {
      #expect(abs(Double(whole.count { $0 == Int64(value) }) / 200_000 - 0.2) < 0.005)
    }
  }
}
