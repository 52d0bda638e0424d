import Evaluation
import Foundation
import ModelCore
import Support

/// How likely a study is to tell two conditions apart: by the exact power of Fisher's test, and by
/// simulated studies in which people and images differ.
public struct StudyPower: Sendable {
  /// The shares of "yes" in the two conditions.
  public let first: Double
  public let second: Double
  /// How many pictures of each condition a participant sees.
  public let picturesEach: Int
  /// The level at which two conditions are told apart.
  public let level: Double

  /// - Precondition: shares within 0...1, at least one picture, a level within 0..<1.
  public init(first: Double, second: Double, picturesEach: Int, level: Double = 0.05) {
    precondition(
      (0...1).contains(first) && (0...1).contains(second) && picturesEach >= 1
        && (0..<1).contains(level))
    self.first = first
    self.second = second
    self.picturesEach = picturesEach
    self.level = level
  }

  /// The probability that Fisher's exact test of all answers finds the difference, if all answers
  /// were independent: the sum of the probabilities of all tables with p at most the level.
  public func fisher(participants: Int) -> Double {
    let n = participants * picturesEach
    let (a, b) = (Self.binomial(n, first), Self.binomial(n, second))
    // Tables without weight do not matter.
    let likely = { (p: [Double]) in p.indices.filter { p[$0] > 1e-12 } }
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

  /// Of `total` successes in two samples of n, the most that the smaller part may be for a p within
  /// the level; −1 if none is. Samples of one size make the distribution symmetric, so p is twice
  /// the lower tail.
  private func largestSignificant(_ n: Int, total: Int, _ logFactorials: [Double]) -> Int {
    let choose = { (n: Int, k: Int) in logFactorials[n] - logFactorials[k] - logFactorials[n - k] }
    var tail = 0.0
    for part in max(0, total - n)...total {
      tail += exp(choose(n, part) + choose(n, total - part) - choose(2 * n, total))
      if 2 * part >= total || 2 * tail > level { return part - 1 }
    }
    return -1
  }

  /// The smallest number of participants from which on the exact power stays at `power` or above
  /// for the next five numbers; it rises with the number of participants, but in teeth. Nil if
  /// 1,000 participants do not suffice.
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
    // A tooth may have been taken for the number: it is looked for from a little before, step by
    // step.
    var streak = 0
    for participants in max(1, high - 5)...max(1, largest) {
      streak = fisher(participants: participants) >= power ? streak + 1 : 0
      if streak == 5 { return participants - 4 }
    }
    return nil
  }

  /// The share of simulated studies in which the mixed model's likelihood ratio finds the
  /// difference.
  ///
  /// People and images have normal intercepts in log-odds; the intercepts of the conditions are
  /// chosen so that the mean shares are `first` and `second`. Every participant sees pictures of
  /// the same images in both conditions.
  /// - Parameters:
  ///   - participantDeviation: standard deviation of people's intercepts.
  ///   - imageDeviation: standard deviation of images' intercepts.
  ///   - images: how many images there are; each participant sees some of them, drawn at random.
  public func simulated(
    participants: Int, participantDeviation: Double, imageDeviation: Double, images: Int,
    studies: Int, seed: Seed,
    done: (Int) -> Void = { _ in }
  ) -> (power: Double, interval: ClosedRange<Double>) {
    let deviation = (participantDeviation * participantDeviation + imageDeviation * imageDeviation)
      .squareRoot()
    let intercepts = [first, second].map { Self.intercept(share: $0, deviation: deviation) }
    var found = 0
    for study in 0..<studies {
      let random = RandomSource(seed.derive("simulated study \(study)"))
      let people = random.normal([participants]).floats().map { Double($0) * participantDeviation }
      let pictures = random.normal([images]).floats().map { Double($0) * imageDeviation }
      var cells: [MixedLogisticModel.Cell] = []
      for person in 0..<participants {
        for condition in 0..<2 {
          let shown = random.permutation(images).int64s().prefix(picturesEach).map(Int.init)
          for (image, chance) in zip(shown, random.uniform([picturesEach]).floats()) {
            let logit = intercepts[condition] + people[person] + pictures[image]
            let yes = Double(chance) < 1 / (1 + exp(-logit))
            cells.append(
              .init(condition: condition, participant: person, image: image, successes: yes ? 1 : 0)
            )
          }
        }
      }
      if let p = MixedComparison(cells, conditions: 2).p(0, 1), p <= level { found += 1 }
      done(study + 1)
    }
    return (Double(found) / Double(max(1, studies)), wilsonInterval(successes: found, of: studies))
  }

  /// The probabilities of 0, 1, … n successes.
  private static func binomial(_ n: Int, _ p: Double) -> [Double] {
    (0...n).map { k in
      if p == 0 { return k == 0 ? 1 : 0 }
      if p == 1 { return k == n ? 1 : 0 }
      let ways = lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
      return exp(ways + Double(k) * log(p) + Double(n - k) * log1p(-p))
    }
  }

  /// The log-odds whose mean probability under normal deviations is `share`, by bisection.
  static func intercept(share: Double, deviation: Double) -> Double {
    if share <= 0 { return -.infinity }
    if share >= 1 { return .infinity }
    func mean(_ logit: Double) -> Double {
      // Simpson's rule over six standard deviations to either side.
      let steps = 120
      var (sum, weights) = (0.0, 0.0)
      for step in 0...steps {
        let z = -6 + 12 * Double(step) / Double(steps)
        let weight = exp(-z * z / 2) * (step == 0 || step == steps ? 1 : step % 2 == 1 ? 4 : 2)
        sum += weight / (1 + exp(-(logit + deviation * z)))
        weights += weight
      }
      return sum / weights
    }
    var (low, high) = (-40.0, 40.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if mean(middle) < share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
