import Foundation

/// The power of a study: the probability that it finds the difference between two conditions.
///
/// `fisher` computes it exactly for independent answers. `SimulatedStudies` estimates it for answers
/// of people who differ about images that differ.
public struct StudyPower: Sendable {
  /// The probability of "yes" in the first and in the second condition, 0 to 1.
  public let first: Double
  public let second: Double
  /// The number of pictures of each condition that a participant sees.
  public let picturesEach: Int
  /// The significance level: a difference counts as found if p is at most this.
  public let level: Double

  /// - Precondition: both shares are from 0 to 1, there is at least one picture, and the level is
  ///   at least 0 and less than 1.
  public init(first: Double, second: Double, picturesEach: Int, level: Double = 0.05) {
    precondition(
      (0...1).contains(first) && (0...1).contains(second) && picturesEach >= 1
        && (0..<1).contains(level))
    self.first = first
    self.second = second
    self.picturesEach = picturesEach
    self.level = level
  }

  /// The exact power of Fisher's exact test, if all answers are independent.
  ///
  /// With n answers in each condition the numbers of "yes" i and j are binomial. The power is the
  /// sum of P(i)·P(j) over all pairs i, j for which the test of the table (i, n − i; j, n − j) has
  /// a p of at most `level`.
  public func fisher(participants: Int) -> Double {
    let n = participants * picturesEach
    let (a, b) = (Self.binomial(n, first), Self.binomial(n, second))
    // Numbers that are too improbable to change the sum are left out.
    let likely = { (p: [Double]) in p.indices.filter { p[$0] > 1e-12 } }
    // Whether a table is significant depends on i + j and on the smaller of i and j.
    let logFactorials = (0...2 * n).map { (k: Int) -> Double in lgamma(Double(k + 1)) }
    var largest: [Int: Int] = [:]
    var power = 0.0
    let seconds = likely(b)
    for i in likely(a) {
      for j in seconds {
        let bound = largest[i + j] ?? largestSignificant(n, total: i + j, logFactorials)
        largest[i + j] = bound
        if min(i, j) <= bound { power += a[i] * b[j] }
      }
    }
    return min(1, power)
  }

  /// The largest number of "yes" in the condition with fewer of them for which Fisher's exact test
  /// is significant, given `total` in both conditions together.
  ///
  /// Given the total, the number in one condition is hypergeometric: C(n, k)·C(n, total − k) /
  /// C(2n, total). Both conditions have n answers, so this distribution is symmetric about total /
  /// 2. The tables that are not likelier than the one with k < total / 2 are then those with at
  /// most k in either condition, and p is twice the lower tail up to k.
  /// - Parameter logFactorials: ln k! for k from 0 to 2n.
  /// - Returns: a number below every possible one if no table is significant.
  private func largestSignificant(_ n: Int, total: Int, _ logFactorials: [Double]) -> Int {
    let choose = { (n: Int, k: Int) in logFactorials[n] - logFactorials[k] - logFactorials[n - k] }
    var tail = 0.0
    for part in max(0, total - n)...total {
      tail += exp(choose(n, part) + choose(n, total - part) - choose(2 * n, total))
      // From half of the total on, p is 1.
      if 2 * part >= total || 2 * tail > level { return part - 1 }
    }
    return -1
  }

  /// The number of participants for which `fisher` reaches a power, if all answers are independent.
  ///
  /// The power does not grow steadily with the number of participants: since counts are whole
  /// numbers, it falls a little now and then. So the result is the smallest number that reaches the
  /// power together with the four numbers after it.
  /// - Returns: nil if 1,000 participants, or 5,000 pictures of each condition, are not enough.
  public func participants(for power: Double) -> Int? {
    guard first != second else { return nil }
    let largest = min(1000, 5000 / picturesEach)
    var high = 1
    while high < largest, fisher(participants: high) < power { high = min(2 * high, largest) }
    var low = high / 2
    while high - low > 1 {
      let middle = (low + high) / 2
      if fisher(participants: middle) < power { low = middle } else { high = middle }
    }
    // Bisection may have stopped at a fall of the power, so the last steps go one by one, from a
    // little before.
    var streak = 0
    for participants in max(1, high - 5)...max(1, largest) {
      streak = fisher(participants: participants) >= power ? streak + 1 : 0
      if streak == 5 { return participants - 4 }
    }
    return nil
  }

  /// The binomial probabilities of 0 to n "yes", `[n + 1]`, by logarithms so that nothing
  /// overflows.
  private static func binomial(_ n: Int, _ p: Double) -> [Double] {
    (0...n).map { k in
      if p == 0 { return k == 0 ? 1 : 0 }
      if p == 1 { return k == n ? 1 : 0 }
      let ways = lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
      return exp(ways + Double(k) * log(p) + Double(n - k) * log1p(-p))
    }
  }
}
