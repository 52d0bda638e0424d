import Support
import Testing

@Suite("Statistical intervals and tests")
struct StatisticsTests {
  @Test("Wilson intervals agree with SciPy", arguments: wilsonReference)
  func wilson(_ reference: (k: Int, n: Int, lower: Double, upper: Double)) {
    let interval = wilsonInterval(successes: reference.k, of: reference.n)
    #expect(abs(interval.lowerBound - reference.lower) < 1e-12)
    #expect(abs(interval.upperBound - reference.upper) < 1e-12)
  }

  @Test("the Wilson interval of 38 in 50 trials is right to five decimals")
  func wilson38Of50() {
    let interval = wilsonInterval(successes: 38, of: 50)
    #expect(abs(interval.lowerBound - 0.62587) < 5e-6)
    #expect(abs(interval.upperBound - 0.85703) < 5e-6)
  }

  @Test("the Wilson interval of no or all successes ends exactly at 0 or 1")
  func wilsonEnds() {
    for n in 1...2000 {
      #expect(wilsonInterval(successes: 0, of: n).lowerBound == 0)
      #expect(wilsonInterval(successes: n, of: n).upperBound == 1)
    }
  }

  @Test("without trials, the Wilson interval is 0...1")
  func noTrials() {
    #expect(wilsonInterval(successes: 0, of: 0) == 0...1)
  }

  @Test("a Wilson interval contains its proportion and excludes 0 and 1 where it must")
  func wilsonContains() {
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

  @Test("exchanging successes and failures mirrors the Wilson interval")
  func wilsonMirrors() {
    for n in [1, 7, 50, 256, 10_000] {
      for k in stride(from: 0, through: n, by: max(1, n / 23)) {
        let interval = wilsonInterval(successes: k, of: n)
        let mirrored = wilsonInterval(successes: n - k, of: n)
        #expect(abs(interval.lowerBound - (1 - mirrored.upperBound)) < 1e-14)
      }
    }
  }

  @Test("a Wilson interval becomes narrower with more trials")
  func wilsonNarrows() {
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

  @Test("McNemar's test agrees with SciPy's exact binomial test", arguments: mcNemarReference)
  func mcNemar(_ reference: (b: Int, c: Int, p: Double)) {
    #expect(
      abs(mcNemarExactTest(onlyFirst: reference.b, onlySecond: reference.c) - reference.p) < 1e-9)
  }

  @Test("Fisher's test agrees with SciPy", arguments: fisherReference)
  func fisher(_ reference: (a: Int, b: Int, c: Int, d: Int, p: Double)) {
    let p = fisherExactTest((reference.a, reference.b), (reference.c, reference.d))
    #expect(abs(p - reference.p) < 1e-9)
  }

  @Test("Fisher's test of 38 in 50 against 25 in 50 is right to seven decimals")
  func fisher38Of50() {
    #expect(abs(fisherExactTest((38, 12), (25, 25)) - 0.0124327) < 5e-8)
  }

  @Test("exact tests are symmetric and give probabilities")
  func symmetric() {
    for (b, c) in [(0, 0), (3, 9), (17, 2), (40, 41)] {
      let p = mcNemarExactTest(onlyFirst: b, onlySecond: c)
      #expect(p == mcNemarExactTest(onlyFirst: c, onlySecond: b) && p > 0 && p <= 1)
      let q = fisherExactTest((b, c), (c + 1, 5))
      #expect(abs(q - fisherExactTest((c + 1, 5), (b, c))) < 1e-12 && q > 0 && q <= 1)
      #expect(abs(q - fisherExactTest((b, c + 1), (c, 5))) < 1e-12)
    }
  }

  @Test("McNemar's test of equal counts is one")
  func equalCounts() {
    for count in 0...50 { #expect(mcNemarExactTest(onlyFirst: count, onlySecond: count) == 1) }
  }
}
