import Foundation

/// McNemar's exact test: the two-sided p that two models are right equally often, judged on the
/// same examples.
///
/// Only examples that exactly one of them had right count: `onlyFirst` and `onlySecond` of them.
/// Were the models equally good, each such example would fall to either like a fair coin, so p =
/// 2·P(X ≤ min), X ~ Binomial(`onlyFirst` + `onlySecond`, ½), at most 1. Source: Q. McNemar,
/// Psychometrika 12 (1947).
/// - Precondition: neither count is negative.
public func mcNemarExactTest(onlyFirst: Int, onlySecond: Int) -> Double {
  precondition(onlyFirst >= 0 && onlySecond >= 0, "\(onlyFirst) and \(onlySecond) examples")
  let (count, fewer) = (onlyFirst + onlySecond, min(onlyFirst, onlySecond))
  let tail = (0...fewer).map { exp(logChoose(count, $0) - Double(count) * log(2)) }.reduce(0, +)
  return min(1, 2 * tail)
}

/// Fisher's exact test of a 2×2 table: the two-sided p that a proportion is the same in two
/// independent groups.
///
/// Given its margins a table with `a` in the corner has hypergeometric probability; p is the sum
/// over all tables that are not likelier than the one seen. Source: R. A. Fisher, JRSS 85 (1922);
/// the two-sided sum as in R and SciPy.
/// - Parameters:
///   - first: successes and failures in the first group.
///   - second: successes and failures in the second group.
/// - Precondition: no count is negative.
public func fisherExactTest(_ first: (Int, Int), _ second: (Int, Int)) -> Double {
  let (a, b, c, d) = (first.0, first.1, second.0, second.1)
  precondition(min(a, b, c, d) >= 0, "\(first), \(second)")
  let (group, others, successes) = (a + b, c + d, a + c)
  func logProbability(_ corner: Int) -> Double {
    logChoose(group, corner) + logChoose(others, successes - corner)
      - logChoose(group + others, successes)
  }
  // Equal probabilities differ by rounding here.
  let seen = logProbability(a) + 1e-7
  let corners = max(0, successes - others)...min(group, successes)
  return min(1, corners.map(logProbability).filter { $0 <= seen }.map(exp).reduce(0, +))
}

/// ln of the number of ways to choose k of n.
private func logChoose(_ n: Int, _ k: Int) -> Double {
  lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
}
