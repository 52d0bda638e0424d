import ModelCore
import Support
import Testing

@testable import Explanations

@Suite("Weighted ridge regression")
struct RidgeRegressionTests {
  private func matrix(_ rows: [[Double]]) -> Tensor {
    Tensor(rows.flatMap(\.self), shape: [rows.count, rows[0].count])
  }

  private func vector(_ values: [Double]) -> Tensor { Tensor(values, shape: [values.count]) }

  @Test("a line is found from its points, and a point of weight 0 does not count")
  func line() {
    let fit = RidgeRegression(
      matrix([[0], [1], [2], [7]]), vector([1, 3, 5, 100]), weights: vector([1, 2, 1, 0]),
      alpha: 1e-9)
    #expect(abs(fit.intercept - 1) < 1e-6 && abs(fit.coefficients[0] - 2) < 1e-6)
  }

  @Test("the penalty shrinks a coefficient to S / (S + α)")
  func penalty() {
    // The centred feature has Σ x² = 2 and Σ xy = 4.
    let fit = RidgeRegression(
      matrix([[-1], [0], [1]]), vector([-2, 0, 2]), weights: vector([1, 1, 1]), alpha: 2)
    #expect(abs(fit.coefficients[0] - 1) < 1e-12 && abs(fit.intercept) < 1e-12)
  }

  @Test("equal columns with numbers so large that their rounding hides the penalty share the slope")
  func large() {
    let values = RandomSource(Seed(1)).normal([40]).floats().map { Double($0) * 1e9 + 3e9 }
    let fit = RidgeRegression(
      matrix(values.map { [$0, $0, $0] }), vector(values.map { 6 * $0 + 1 }),
      weights: vector(values.map { _ in 0.7 }), alpha: 0.01)
    #expect(fit.coefficients.allSatisfy { abs($0 - 2) < 0.01 }, "\(fit.coefficients)")
  }
}
