/// The 97.5 % quantile of the standard normal distribution: the half-width of a two-sided 95 %
/// interval, in standard errors.
public let normalQuantile95 = 1.959963984540054

/// Wilson's score interval for a proportion, from `successes` in `trials`. Both ends are in [0, 1].
///
/// With p = k/n, the interval is
///
///     (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
///
/// Unlike the interval p ± z·√(p(1−p)/n), it stays within [0, 1], and has a positive width also for
/// 0 and for n successes. Without trials it is 0...1.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
/// JASA 22 (1927).
/// - Precondition: 0 ≤ `successes` ≤ `trials`.
public func wilsonInterval(
  successes: Int, of trials: Int, quantile z: Double = normalQuantile95
) -> ClosedRange<Double> {
  wilsonInterval(successes: Double(successes), of: Double(trials), quantile: z)
}

/// The same interval for counts that need not be whole numbers. An example is a mean of dependent
/// observations that is worth `trials` independent ones.
public func wilsonInterval(
  successes k: Double, of n: Double, quantile z: Double = normalQuantile95
) -> ClosedRange<Double> {
  precondition(k >= 0 && k <= n, "\(k) successes of \(n) trials")
  guard n > 0 else { return 0...1 }
  let scale = 1 / (n + z * z)
  let center = (k + z * z / 2) * scale
  let halfWidth = z * scale * (k * (n - k) / n + z * z / 4).squareRoot()
  // For k = 0 the difference is exactly 0, and for k = n the sum is exactly 1; rounding changes
  // both.
  let lower = k == 0 ? 0 : max(0, center - halfWidth)
  let upper = k == n ? 1 : min(1, center + halfWidth)
  return lower...upper
}
