/// The 97.5 % quantile of the standard normal distribution. In standard errors, it is the
/// half-width of a two-sided 95 % interval.
public let normalQuantile95 = 1.959963984540054

/// Wilson's score interval for a proportion, from `successes` in `trials`. Both ends are in [0, 1].
///
/// With p = k/n it is (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n). Unlike the textbook
/// interval p ± z·√(p(1−p)/n), it stays inside [0, 1] and does not shrink to a point if no trial or
/// every trial succeeds. Without trials it is 0...1.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
/// JASA 22 (1927).
/// - Precondition: 0 ≤ `successes` ≤ `trials`.
public func wilsonInterval(
  successes: Int, of trials: Int, quantile z: Double = normalQuantile95
) -> ClosedRange<Double> {
  wilsonInterval(successes: Double(successes), of: Double(trials), quantile: z)
}

/// The same interval for counts that need not be whole numbers: a proportion `successes` / `trials`
/// that is as certain as one from `trials` independent trials.
public func wilsonInterval(
  successes k: Double, of n: Double, quantile z: Double = normalQuantile95
) -> ClosedRange<Double> {
  precondition(k >= 0 && k <= n, "\(k) successes of \(n) trials")
  guard n > 0 else { return 0...1 }
  let scale = 1 / (n + z * z)
  let center = (k + z * z / 2) * scale
  let halfWidth = z * scale * (k * (n - k) / n + z * z / 4).squareRoot()
  // For k = 0 and k = n the two terms are equal, but rounding may make them differ.
  let lower = k == 0 ? 0 : max(0, center - halfWidth)
  let upper = k == n ? 1 : min(1, center + halfWidth)
  return lower...upper
}
