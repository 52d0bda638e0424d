import Foundation

/// McNemar's exact test: the two-sided p-value of the hypothesis that two models are right equally
/// often on the same examples.
///
/// Only the examples that exactly one of the models has right count: `onlyFirst` and `onlySecond`
/// of them. If the models are equally good, each such example belongs to either model with
/// probability ½. Therefore p = 2·P(X ≤ min), at most 1, with min the smaller count and X ~
/// Binomial(`onlyFirst` + `onlySecond`, ½). Source: Q. McNemar, Psychometrika 12 (1947).
/// - Precondition: neither count is negative.
public func mcNemarExactTest(onlyFirst: Int, onlySecond: Int) -> Double {
  precondition(onlyFirst >= 0 && onlySecond >= 0, "\(onlyFirst) and \(onlySecond) examples")
  let (count, fewer) = (onlyFirst + onlySecond, min(onlyFirst, onlySecond))
  let tail = (0...fewer).map { exp(logChoose(count, $0) - Double(count) * log(2)) }.reduce(0, +)
  return min(1, 2 * tail)
}

/// Fisher's exact test of a 2×2 table: the two-sided p-value of the hypothesis that a proportion is
/// the same in two independent groups.
///
/// Under this hypothesis, and with the margins fixed, the first cell has a hypergeometric
/// distribution. p is the sum of the probabilities of all tables that are not likelier than the
/// observed one. Source: R. A. Fisher, JRSS 85 (1922); the two-sided sum is that of R and SciPy.
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
  // Equal probabilities may differ by rounding. The tolerance makes them count as equal.
  let seen = logProbability(a) + 1e-7
  let corners = max(0, successes - others)...min(group, successes)
  return min(1, corners.map(logProbability).filter { $0 <= seen }.map(exp).reduce(0, +))
}

/// ln of the number of ways to choose k of n.
private func logChoose(_ n: Int, _ k: Int) -> Double {
  lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
}
