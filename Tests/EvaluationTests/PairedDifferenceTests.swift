import Foundation
import Support
import Testing

@testable import Evaluation

@Suite("The difference of two accuracies on the same images")
struct PairedDifferenceTests {
  private func interval(_ b: Double, _ c: Double, _ n: Int) -> ClosedRange<Double> {
    PairedDifference(onlyFirst: b, onlySecond: c, images: n).interval()
  }

  private func isClose(_ a: ClosedRange<Double>, _ lower: Double, _ upper: Double) -> Bool {
    abs(a.lowerBound - lower) < 5e-4 && abs(a.upperBound - upper) < 5e-4
  }

  @Test("the interval is the published one of the airway hyper-responsiveness study")
  func published() {
    // Fagerland, Lydersen and Laake (2014), table 6: 1 and 7 of 21 children.
    let difference = PairedDifference(onlyFirst: 1, onlySecond: 7, images: 21)
    #expect(abs(difference.value + 6.0 / 21) < 1e-12)
    #expect(isClose(difference.interval(), -0.517, -0.026), "\(difference.interval())")
  }

  @Test("without a discordant image, the interval is ±z²/(n + z²)")
  func concordant() {
    let z2 = normalQuantile95 * normalQuantile95
    for n in [10, 1000] {
      let expected = z2 / (Double(n) + z2)
      #expect(isClose(interval(0, 0, n), -expected, expected))
    }
  }

  @Test("it contains 0 exactly if McNemar's test is not significant, and exchanges with the models")
  func zero() {
    for (b, c) in [(4.0, 0.0), (3, 0), (12, 3), (12, 4), (60, 40), (60, 39)] {
      let difference = PairedDifference(onlyFirst: b, onlySecond: c, images: 200)
      let isSignificant = abs(b - c) / (b + c).squareRoot() > normalQuantile95
      #expect(difference.isCertain() == isSignificant, "\(b), \(c)")
      let (range, other) = (difference.interval(), difference.reversed.interval())
      #expect(isClose(other, -range.upperBound, -range.lowerBound))
      let wide = difference.interval(among: 10)
      #expect(wide.lowerBound < range.lowerBound && wide.upperBound > range.upperBound)
      #expect(range.contains(difference.value))
    }
  }

  /// The exact probability that the interval contains the true difference, over all outcomes of n
  /// images that only the first model has right with probability p, and only the second with q.
  private func coverage(_ n: Int, _ p: Double, _ q: Double, among comparisons: Int) -> Double {
    func logFactorial(_ k: Int) -> Double { lgamma(Double(k + 1)) }
    var total = 0.0
    for b in 0...n {
      for c in 0...(n - b) {
        let range = PairedDifference(onlyFirst: Double(b), onlySecond: Double(c), images: n)
          .interval(among: comparisons)
        guard range.contains(p - q) else { continue }
        let rest = n - b - c
        total += exp(
          logFactorial(n) - logFactorial(b) - logFactorial(c) - logFactorial(rest)
            + Double(b) * log(p) + Double(c) * log(q) + Double(rest) * log(1 - p - q))
      }
    }
    return total
  }

  @Test("with 30 images, it contains the true difference with about its confidence or more")
  func coverage() {
    for (p, q) in [(0.1, 0.1), (0.02, 0.02), (0.2, 0.05), (0.3, 0.1), (0.4, 0.4)] {
      #expect(coverage(30, p, q, among: 1) > 0.94, "\(p), \(q)")
      #expect(coverage(30, p, q, among: 6) > 1 - 0.05 / 6, "\(p), \(q)")
    }
  }

  @Test("examples of one image together count as one image")
  func examples() {
    let first = [true, true, false, false, true, true]
    let second = [true, false, false, false, true, false]
    let difference = PairedDifference(first, second, examplesPerImage: 2)
    #expect(difference.images == 3 && abs(difference.onlyFirst - 1) < 1e-12)
    #expect(difference.onlySecond == 0 && abs(difference.value - 1.0 / 3) < 1e-12)
  }

  @Test("points have a sign, and rounding to 0 has none")
  func points() {
    #expect([0.055, -0.1234, -0.0004].map(\.signedPoints) == ["+5.5", "−12.3", "0.0"])
    #expect((-0.088 ... -0.021).signedPoints == "−8.8 to −2.1")
  }
}
