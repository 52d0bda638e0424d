import Evaluation
import Foundation
import Support

/// How people judged the pictures of each condition, and how conditions differ.
extension StudyScore {
  /// The bootstrap's samples of all shares and of all differences between two conditions.
  ///
  /// With one participant or one image no draw shows how they differ, and there are no samples.
  /// - Returns: `shares` is `[conditions][measures]`. `differences` has, for each measure, a sample
  ///   for each of `pairs`. What the bootstrap cannot compute is nil.
  func samples(
    _ counted: CountedAnswers
  ) -> (shares: [[BootstrapSample?]], differences: [[BootstrapSample?]]) {
    let measures = Measure.allCases
    let pairs = Self.pairs(conditions.count)
    guard counted.participants > 1, counted.images > 1 else {
      return (
        conditions.map { _ in measures.map { _ in nil } },
        measures.map { _ in pairs.map { _ in nil } }
      )
    }
    let bootstrap = StudyBootstrap(
      participants: counted.participants, images: counted.images, draws: draws,
      seed: data.design.seed.derive("study bootstrap"))
    var done = 0
    // The statistics of a draw stand in one list: first the shares, condition by condition, then
    // the differences, measure by measure.
    let found = bootstrap.samples { participants, images in
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
    }
    let count = conditions.count * measures.count
    return (
      conditions.indices.map { Array(found[$0 * measures.count..<($0 + 1) * measures.count]) },
      measures.map { measure in
        let start = count + measure.place * pairs.count
        return Array(found[start..<start + pairs.count])
      }
    )
  }

  /// All pairs of two numbers below `count`, the smaller number first.
  static func pairs(_ count: Int) -> [(Int, Int)] {
    (0..<count).flatMap { first in (first + 1..<max(count, first + 1)).map { (first, $0) } }
  }

  /// - Parameters:
  ///   - own: the showings of the condition's pictures.
  ///   - samples: the bootstrap's sample of each measure.
  func conditionResult(
    _ condition: Condition, _ own: [StudyData.Showing], _ samples: [BootstrapSample?]
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
        bootstrap: varies ? samples[measure.place]?.interval : nil)
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
}
