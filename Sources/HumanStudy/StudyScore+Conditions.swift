import Evaluation
import Foundation
import Support

/// How people judged the pictures of each condition, and how conditions differ.
extension StudyScore {
  /// The bootstrap intervals of all shares and of all differences between two conditions.
  /// - Returns: `shares` is `[conditions][measures]`. `differences` has, for each measure, an
  ///   interval for each of `pairs`. An interval that the bootstrap cannot compute is nil.
  func intervals(
    _ counted: CountedAnswers
  ) -> (shares: [[[Double]?]], differences: [String: [[Double]?]]) {
    let bootstrap = StudyBootstrap(
      participants: counted.participants, images: counted.images, draws: draws,
      seed: data.design.seed.derive("study bootstrap"))
    let measures = Measure.allCases
    let pairs = Self.pairs(conditions.count)
    var done = 0
    // The statistics of a draw stand in one list: first the shares, condition by condition, then
    // the differences, measure by measure.
    let found = bootstrap.intervals { participants, images in
      done += 1
      progress.update(done)
      let shares = counted.shares(participants, images)
      let differences = measures.flatMap { measure in
        pairs.map { pair -> Double? in
          guard let a = shares[pair.0][measure.place], let b = shares[pair.1][measure.place] else {
            return nil
          }
          return b - a
        }
      }
      return shares.flatMap(\.self) + differences
    }.map { $0.map { [$0.lowerBound, $0.upperBound] } }
    let count = conditions.count * measures.count
    let shares = conditions.indices.map {
      Array(found[$0 * measures.count..<($0 + 1) * measures.count])
    }
    let differences = measures.map { measure in
      let start = count + measure.place * pairs.count
      return (measure.rawValue, Array(found[start..<start + pairs.count]))
    }
    return (shares, Dictionary(uniqueKeysWithValues: differences))
  }

  /// All pairs of two numbers below `count`, the smaller number first.
  static func pairs(_ count: Int) -> [(Int, Int)] {
    (0..<count).flatMap { first in (first + 1..<max(count, first + 1)).map { (first, $0) } }
  }

  /// - Parameters:
  ///   - own: the showings of the condition's pictures.
  ///   - intervals: the bootstrap interval of each measure.
  func conditionResult(
    _ condition: Condition, _ own: [StudyData.Showing], _ intervals: [[Double]?]
  ) -> StudyResults.ConditionResult {
    func share(_ measure: Measure) -> StudyResults.Share {
      let count = own.count(where: measure.holds)
      let wilson = wilsonInterval(successes: count, of: own.count)
      // If a measure holds for no answer, or for all of them, it does so in every draw of the
      // bootstrap too. The interval would have no width, as if the share were known exactly.
      let varies = 0 < count && count < own.count
      return StudyResults.Share(
        count: count, of: own.count, share: Double(count) / Double(own.count),
        wilson: [wilson.lowerBound, wilson.upperBound],
        bootstrap: varies ? intervals[measure.place] : nil)
    }
    let classes = data.study.classNames.count
    func confusion(_ row: (StudyData.Showing) -> Int) -> [[Int]] {
      var counts = [[Int]](repeating: [Int](repeating: 0, count: classes + 1), count: classes)
      for showing in own { counts[row(showing)][showing.category(classes)] += 1 }
      return counts
    }
    return StudyResults.ConditionResult(
      condition: condition, participants: Set(own.map(\.participant)).count,
      pictures: Set(own.map(\.stimulus.name)).count, images: Set(own.map(\.stimulus.index)).count,
      fooled: share(.fooled), reasonable: share(.reasonable), original: share(.original),
      medianMilliseconds: median(personalMedians(own)), byLabel: confusion(\.stimulus.label),
      byTarget: confusion { $0.stimulus.target ?? 0 })
  }

  /// The comparisons of all pairs of conditions in one measure.
  /// - Parameters:
  ///   - fit: the mixed model of the measure.
  ///   - intervals: the bootstrap interval of each pair's difference.
  func comparisons(
    _ measure: Measure, _ fit: MixedComparison, _ counted: CountedAnswers, _ intervals: [[Double]?]
  ) -> [StudyResults.Comparison] {
    zip(Self.pairs(conditions.count), intervals).map { pair, interval in
      let (a, b) = (counted.counts(measure, pair.0), counted.counts(measure, pair.1))
      let mixed = fit.difference(pair.0, pair.1)
      let shares = [a, b].map { Double($0.yes) / Double($0.yes + $0.no) }
      return StudyResults.Comparison(
        measure: measure.rawValue, first: conditions[pair.0], second: conditions[pair.1],
        difference: shares[1] - shares[0], bootstrap: interval,
        logOdds: mixed?.logOdds,
        standardError: mixed.flatMap { $0.standardError.isFinite ? $0.standardError : nil },
        mixedP: fit.p(pair.0, pair.1),
        fisherP: fisherExactTest((a.yes, a.no), (b.yes, b.no)))
    }
  }

  /// The parameters of a measure's mixed model; nil if there is no model.
  func mixedModel(_ measure: Measure, _ fit: MixedComparison) -> StudyResults.MixedModelResult? {
    guard let model = fit.model else { return nil }
    return StudyResults.MixedModelResult(
      measure: measure.rawValue,
      coefficients: conditions.indices.map { number in
        let estimate = fit.estimate(number)
        return .init(
          condition: conditions[number], logOdds: estimate?.logOdds,
          standardError: estimate.flatMap { $0.standardError.isFinite ? $0.standardError : nil })
      },
      participantDeviation: model.participantDeviation, imageDeviation: model.imageDeviation,
      logLikelihood: model.logLikelihood, isConverged: model.isConverged)
  }
}
