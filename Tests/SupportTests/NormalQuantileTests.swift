import Support
import Testing

@Suite("The normal distribution")
struct NormalQuantileTests {
  /// Values from tables (Abramowitz and Stegun, table 26.1, and R's qnorm).
  @Test(
    "quantiles agree with published values",
    arguments: [
      (0.5, 0), (0.975, 1.959963984540054), (0.995, 2.5758293035489004),
      (0.999, 3.090232306167813), (1e-10, -6.361340902404056), (0.8413447460685429, 1),
    ])
  func values(_ p: Double, _ x: Double) {
    #expect(abs(normalQuantile(p) - x) < 1e-10)
  }

  @Test("the quantile is the inverse of the distribution function")
  func inverse() {
    for x in stride(from: -8.0, through: 5.0, by: 0.37) {
      #expect(abs(normalQuantile(normalDistribution(x)) - x) < 1e-9 * max(1, x * x))
    }
    #expect(normalQuantile(0) == -.infinity)
    #expect(normalQuantile(1) == .infinity)
    #expect(normalQuantile(1e-300) < -37 && normalQuantile(1e-300) > -37.1)
  }
}
