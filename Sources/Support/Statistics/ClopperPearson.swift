import Foundation

/// The lower and the upper end of Clopper and Pearson's exact interval for a proportion, each with
/// an error probability of its own.
///
/// If k of n independent trials with the success probability p succeed, then
///
///     P(lower > p) ≤ `lowerError` and P(upper < p) ≤ `upperError`, for every p and every n.
///
/// The lower end is the `lowerError` quantile of Beta(k, n − k + 1), and the upper end is the
/// 1 − `upperError` quantile of Beta(k + 1, n − k). Wilson's interval is shorter, but it keeps its
/// level only on average over p. Counts that are not whole stand for a mean of dependent
/// observations that is worth n independent ones.
///
/// Source: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated
/// in the case of the binomial", Biometrika 26 (1934).
/// - Precondition: 0 ≤ `successes` ≤ `trials`, and the errors lie between 0 and 0.5.
public func clopperPearsonInterval(
  successes k: Double, of n: Double, lowerError: Double = 0.025, upperError: Double = 0.025
) -> ClosedRange<Double> {
  precondition(k >= 0 && k <= n, "\(k) successes of \(n) trials")
  precondition([lowerError, upperError].allSatisfy { $0 > 0 && $0 <= 0.5 }, "errors of 0 to 0.5")
  guard n > 0 else { return 0...1 }
  let lower = k == 0 ? 0 : betaQuantile(lowerError, k, n - k + 1)
  // By symmetry, the upper quantile is the lower one of the failures.
  let upper = k == n ? 1 : 1 - betaQuantile(upperError, n - k, k + 1)
  return lower...max(lower, upper)
}

/// The x with I_x(a, b) = `probability`: Newton's method, with bisection where a step would leave the
/// interval that is known to contain x.
func betaQuantile(_ probability: Double, _ a: Double, _ b: Double) -> Double {
  var (low, high) = (0.0, 1.0)
  var x = a / (a + b)
  for _ in 0..<200 {
    let error = incompleteBeta(x, a, b) - probability
    if error < 0 { low = x } else { high = x }
    let density = exp(logFront(x, a, b)) / (x * (1 - x))
    let step = x - error / density
    let next = step > low && step < high ? step : (low + high) / 2
    if abs(next - x) <= 1e-15 { return next }
    x = next
  }
  return x
}

/// The logarithm of xᵃ(1 − x)ᵇ / B(a, b).
private func logFront(_ x: Double, _ a: Double, _ b: Double) -> Double {
  lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
}

/// The regularised incomplete beta function I_x(a, b), which is P(X ≤ x) for X ~ Beta(a, b).
///
/// It is computed by its continued fraction (Abramowitz and Stegun 26.5.8) with the method of
/// Lentz, on the side of the mean where the fraction converges fast.
func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  guard x > 0 else { return 0 }
  guard x < 1 else { return 1 }
  guard x < (a + 1) / (a + b + 2) else { return 1 - continuedFraction(1 - x, b, a) }
  return continuedFraction(x, a, b)
}

/// I_x(a, b) for x below the mean.
private func continuedFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
  let tiny = 1e-300
  func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / kept(1 - (a + b) * x / (a + 1))
  var fraction = d
  func include(_ term: Double) {
    d = 1 / kept(1 + term * d)
    c = kept(1 + term / c)
    fraction *= d * c
  }
  // Large counts need about as many terms as the root of the larger one.
  for number in 1...10_000 {
    let m = Double(number)
    include(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)))
    include(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)))
    if abs(d * c - 1) < 1e-15 { break }
  }
  return exp(logFront(x, a, b)) * fraction / a
}
