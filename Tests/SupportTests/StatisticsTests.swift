import Support
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
      for factor in 1...20 {
        #expect(width(k * (factor + 1), 10 * (factor + 1)) < width(k * factor, 10 * factor))
      }
    }
  }

  @Test(arguments: mcNemarReference)
  func mcNemarAgreesWithSciPysExactBinomialTest(_ reference: (b: Int, c: Int, p: Double)) {
    #expect(
      abs(mcNemarExactTest(onlyFirst: reference.b, onlySecond: reference.c) - reference.p) < 1e-9)
  }

  @Test(arguments: fisherReference)
  func fisherAgreesWithSciPy(_ reference: (a: Int, b: Int, c: Int, d: Int, p: Double)) {
    let p = fisherExactTest((reference.a, reference.b), (reference.c, reference.d))
    #expect(abs(p - reference.p) < 1e-9)
  }

  @Test func fisherOf38Of50Against25Of50() {
    #expect(abs(fisherExactTest((38, 12), (25, 25)) - 0.0124327) < 5e-8)
  }

  @Test func exactTestsAreSymmetricAndProbabilities() {
    for (b, c) in [(0, 0), (3, 9), (17, 2), (40, 41)] {
      let p = mcNemarExactTest(onlyFirst: b, onlySecond: c)
      #expect(p == mcNemarExactTest(onlyFirst: c, onlySecond: b) && p > 0 && p <= 1)
      let q = fisherExactTest((b, c), (c + 1, 5))
      #expect(abs(q - fisherExactTest((c + 1, 5), (b, c))) < 1e-12 && q > 0 && q <= 1)
      #expect(abs(q - fisherExactTest((b, c + 1), (c, 5))) < 1e-12)
    }
  }

  @Test func mcNemarOfEqualCountsIsOne() {
    for count in 0...50 { #expect(mcNemarExactTest(onlyFirst: count, onlySecond: count) == 1) }
  }
}
