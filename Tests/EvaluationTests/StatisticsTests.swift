import Evaluation
import Testing

@Suite struct StatisticsTests {
  @Test(arguments: wilsonReference)
  func wilsonIntervalAgreesWithSciPy(_ reference: (k: Int, n: Int, lower: Double, upper: Double)) {
    let interval = wilsonInterval(successes: reference.k, of: reference.n)
    #expect(abs(interval.lowerBound - reference.lower) < 1e-12)
    #expect(abs(interval.upperBound - reference.upper) < 1e-12)
  }

  @Test func wilsonIntervalOf38Of50() {
    let interval = wilsonInterval(successes: 38, of: 50)
    #expect(abs(interval.lowerBound - 0.62587) < 5e-6)
    #expect(abs(interval.upperBound - 0.85703) < 5e-6)
  }

  @Test func wilsonIntervalEndsExactlyAtTheEnds() {
    for n in 1...2000 {
      #expect(wilsonInterval(successes: 0, of: n).lowerBound == 0)
      #expect(wilsonInterval(successes: n, of: n).upperBound == 1)
    }
  }

  @Test func noTrialsSayNothing() {
    #expect(wilsonInterval(successes: 0, of: 0) == 0...1)
  }

  @Test func wilsonIntervalContainsTheProportionStrictlyBetweenTheEnds() {
    for n in 1...200 {
      for k in 0...n {
        let interval = wilsonInterval(successes: k, of: n)
        #expect(interval.contains(Double(k) / Double(n)))
        #expect(interval.lowerBound >= 0 && interval.upperBound <= 1)
        if k > 0 { #expect(interval.lowerBound > 0) }
        if k < n { #expect(interval.upperBound < 1) }
      }
    }
  }

  @Test func wilsonIntervalMirrorsWhenSuccessAndFailureSwap() {
    for n in [1, 7, 50, 256, 10_000] {
      for k in stride(from: 0, through: n, by: max(1, n / 23)) {
        let interval = wilsonInterval(successes: k, of: n)
        let mirrored = wilsonInterval(successes: n - k, of: n)
        #expect(abs(interval.lowerBound - (1 - mirrored.upperBound)) < 1e-14)
      }
    }
  }

  @Test func wilsonIntervalNarrowsWithMoreTrialsOfTheSameProportion() {
    func width(_ k: Int, _ n: Int) -> Double {
      let interval = wilsonInterval(successes: k, of: n)
      return interval.upperBound - interval.lowerBound
    }
    for k in 0...10 {
      for factor in 1...20 { #expect(width(k * (factor + 1), 10 * (factor + 1)) < width(k * factor, 10 * factor)) }
    }
  }
}
