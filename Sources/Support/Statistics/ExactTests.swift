import Foundation

/// McNemar's exact test: the two-sided p-value of the hypothesis that two models are equally
/// accurate, from the same examples.
///
/// Only the examples count that exactly one of the two models classifies correctly. If the models
/// are equally accurate, each model is the correct one with probability ½, so the number X of
/// examples of one model follows a binomial distribution:
///
///     p = min(1, 2·P(X ≤ min(onlyFirst, onlySecond))),  X ~ Binomial(onlyFirst + onlySecond, ½)
///
/// Source: Q. McNemar, Psychometrika 12 (1947).
/// - Parameters:
///   - onlyFirst: the number of examples that only the first model classifies correctly.
///   - onlySecond: the number of examples that only the second model classifies correctly.
/// - Precondition: Neither count is negative.
public func mcNemarExactTest(onlyFirst: Int, onlySecond: Int) -> Double {
  precondition(
    onlyFirst >= 0 && onlySecond >= 0,
    "expected counts of at least 0, found \(onlyFirst) and \(onlySecond)")
  let (count, fewer) = (onlyFirst + onlySecond, min(onlyFirst, onlySecond))
  // P(X ≤ fewer) = Σ_k (count choose k) / 2^count, with logarithms, since both parts may overflow.
  let tail = (0...fewer).map { exp(logChoose(count, $0) - Double(count) * log(2)) }.reduce(0, +)
  return min(1, 2 * tail)
}

/// Fisher's exact test of a 2×2 table: the two-sided p-value of the hypothesis that two independent
/// groups have the same proportion of successes.
///
/// If the sums of the rows and columns are given, the number of successes in the first group has a
/// hypergeometric distribution under this hypothesis. The p-value is the sum of the probabilities
/// of all tables that are at most as likely as the observed one, as in R and SciPy. Source: R. A.
/// Fisher, JRSS 85 (1922).
/// - Parameters:
///   - first: the successes and failures in the first group.
///   - second: the successes and failures in the second group.
/// - Precondition: No count is negative.
public func fisherExactTest(_ first: (Int, Int), _ second: (Int, Int)) -> Double {
  let (a, b, c, d) = (first.0, first.1, second.0, second.1)
  precondition(min(a, b, c, d) >= 0, "expected counts of at least 0, found \(first) and \(second)")
  let (group, others, successes) = (a + b, c + d, a + c)
  func logProbability(_ corner: Int) -> Double {
    logChoose(group, corner) + logChoose(others, successes - corner)
      - logChoose(group + others, successes)
  }
  // Rounding makes equal probabilities slightly different, so the bound is a little higher.
  let seen = logProbability(a) + 1e-7
  let corners = max(0, successes - others)...min(group, successes)
  return min(1, corners.map(logProbability).filter { $0 <= seen }.map(exp).reduce(0, +))
}

/// The natural logarithm of the binomial coefficient n choose k.
private func logChoose(_ n: Int, _ k: Int) -> Double {
  lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
}
