import Foundation
import Testing

@testable import Support

@Suite("Exact intervals of a proportion")
struct ClopperPearsonTests {
  /// SciPy 1.17: beta.ppf(a, k, n − k + 1) and beta.ppf(1 − b, k + 1, n − k).
  static let reference: [(k: Double, n: Double, a: Double, b: Double, low: Double, high: Double)] =
    [
      (0, 10, 0.025, 0.025, 0, 0.3084971078187607),
      (10, 10, 0.025, 0.025, 0.6915028921812392, 1),
      (3, 20, 0.025, 0.025, 0.0320709371854637, 0.37892682654531396),
      (97, 100, 0.025, 0.0025, 0.91482394702572, 0.9973439978310061),
      (1, 1, 0.025, 0.025, 0.025, 1),
      (4999, 10_000, 0.025, 0.005, 0.4900514099202569, 0.5128267123983241),
      (2.5, 7.5, 0.025, 0.025, 0.06002790772626207, 0.7343870622321085),
      (8, 1000, 0.005, 0.025, 0.0025768162513388794, 0.015702049176074682),
    ]

  @Test("intervals agree with SciPy", arguments: reference)
  func scipy(_ row: (k: Double, n: Double, a: Double, b: Double, low: Double, high: Double)) {
    let interval = clopperPearsonInterval(
      successes: row.k, of: row.n, lowerError: row.a, upperError: row.b)
    #expect(abs(interval.lowerBound - row.low) < 1e-10, "\(interval)")
    #expect(abs(interval.upperBound - row.high) < 1e-10, "\(interval)")
  }

  @Test("the incomplete beta function agrees with SciPy")
  func incomplete() {
    #expect(abs(incompleteBeta(0.3, 2, 5) - 0.5798250000000003) < 1e-12)
    #expect(abs(incompleteBeta(0.9, 40, 3) - 0.19510765482693676) < 1e-12)
    #expect(abs(incompleteBeta(0.01, 0.5, 0.5) - 0.06376856085851985) < 1e-12)
    #expect(abs(incompleteBeta(0.5, 1000, 1010) - 0.588269827543728) < 1e-10)
  }

  /// P(X = k) for X ~ Binomial(n, p).
  private func probability(_ k: Int, _ n: Int, _ p: Double) -> Double {
    let choose = lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
    return exp(choose + Double(k) * log(p) + Double(n - k) * log1p(-p))
  }

  @Test("each end is wrong with at most its probability, whatever the proportion is")
  func coverage() {
    for n in [1, 5, 12, 40] {
      let intervals = (0...n).map {
        clopperPearsonInterval(successes: Double($0), of: Double(n), upperError: 0.005)
      }
      for p in stride(from: 0.01, to: 1, by: 0.01) {
        let chances = (0...n).map { probability($0, n, p) }
        let tooHigh = zip(chances, intervals).filter { $0.1.lowerBound > p }.map(\.0).reduce(0, +)
        let tooLow = zip(chances, intervals).filter { $0.1.upperBound < p }.map(\.0).reduce(0, +)
        #expect(tooHigh <= 0.025 + 1e-9 && tooLow <= 0.005 + 1e-9, "\(n), \(p)")
      }
    }
  }

  @Test("without trials the interval is 0...1, and all or no successes end exactly at 1 or 0")
  func ends() {
    #expect(clopperPearsonInterval(successes: 0, of: 0) == 0...1)
    for n in [1.0, 7, 300] {
      #expect(clopperPearsonInterval(successes: 0, of: n).lowerBound == 0)
      #expect(clopperPearsonInterval(successes: n, of: n).upperBound == 1)
    }
  }

  @Test("the spread of values is their mean, sample deviation and range")
  func spread() {
    let spread = Spread([2, 4, 4, 4, 5, 5, 7, 9])
    #expect(spread.mean == 5 && spread.range == 2...9)
    #expect(abs(spread.standardDeviation - 2.138089935299395) < 1e-12)
    #expect(Spread([3]).standardDeviation == 0)
  }
}
