import Foundation

/// The distribution function of the standard normal distribution, Φ(x) = P(Z ≤ x).
public func normalDistribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

/// Φ⁻¹(p): the number that a standard normal variable is below with the probability p.
///
/// Newton's method on log Φ finds the negative solution for the smaller one of p and 1 − p. log Φ
/// rises and is concave, so a step from the left of the solution stays to its left. The start
/// −√(−2·log p) is there, because Φ(−t) < exp(−t²/2) for t > 0. Relative accuracy: 10⁻¹².
/// - Returns: −∞ for p = 0, and ∞ for p = 1.
/// - Precondition: p lies from 0 to 1.
public func normalQuantile(_ p: Double) -> Double {
  precondition(p >= 0 && p <= 1, "a probability lies from 0 to 1")
  guard p > 0 else { return -.infinity }
  guard p < 1 else { return .infinity }
  guard p <= 0.5 else { return -normalQuantile(1 - p) }
  // Smaller numbers are not told apart: Φ would round to 0.
  let p = max(p, 1e-300)
  var x = -(-2 * log(p)).squareRoot()
  for _ in 0..<100 {
    let value = normalDistribution(x)
    let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    // The slope of log Φ is density / value.
    let step = log(p / value) * value / density
    x += step
    if abs(step) <= 1e-13 * max(1, abs(x)) { break }
  }
  return x
}
