import Evaluation
import Foundation

/// A yes-or-no property of an answer whose share is reported.
enum Measure: String, CaseIterable {
  case fooled
  case reasonable
  case original

  /// The measure's place among all measures.
  var place: Int { Self.allCases.firstIndex(of: self)! }

  func holds(_ showing: StudyData.Showing) -> Bool {
    switch self {
    case .fooled: showing.isFooled
    case .reasonable: showing.isReasonable
    case .original: showing.isRight
    }
  }
}

/// The answers with participants, images and conditions numbered from 0, as the statistics need
/// them.
struct CountedAnswers {
  struct Row {
    let participant: Int
    let image: Int
    let condition: Int
    /// For each measure, whether it holds for the answer.
    let holds: [Bool]
  }

  let rows: [Row]
  let participants: Int
  let images: Int
  let conditions: Int

  init(_ showings: [StudyData.Showing], _ conditions: [Condition]) {
    let people = Self.numbers(showings.map(\.participant))
    let pictures = Self.numbers(showings.map { $0.stimulus.index })
    let places = Dictionary(uniqueKeysWithValues: conditions.enumerated().map { ($1, $0) })
    rows = showings.map { showing in
      Row(
        participant: people[showing.participant]!, image: pictures[showing.stimulus.index]!,
        condition: places[showing.stimulus.condition!]!,
        holds: Measure.allCases.map { $0.holds(showing) })
    }
    participants = people.count
    images = pictures.count
    self.conditions = conditions.count
  }

  private static func numbers<Key: Hashable & Comparable>(_ keys: [Key]) -> [Key: Int] {
    Dictionary(uniqueKeysWithValues: Set(keys).sorted().enumerated().map { ($1, $0) })
  }

  /// The weighted share of every measure in every condition.
  ///
  /// The weight of an answer is `participantTimes` of its participant times `imageTimes` of its
  /// image.
  /// - Returns: `[conditions][measures]`; nil where the weights of a condition add up to 0.
  func shares(_ participantTimes: [Int], _ imageTimes: [Int]) -> [[Double?]] {
    let measures = Measure.allCases.count
    // Each condition has one sum for each measure and, last, the sum of its weights.
    var sums = [Int](repeating: 0, count: conditions * (measures + 1))
    for row in rows {
      let times = participantTimes[row.participant] * imageTimes[row.image]
      guard times > 0 else { continue }
      let start = row.condition * (measures + 1)
      sums[start + measures] += times
      for place in 0..<measures where row.holds[place] { sums[start + place] += times }
    }
    return (0..<conditions).map { condition in
      let start = condition * (measures + 1)
      let all = sums[start + measures]
      return (0..<measures).map { all > 0 ? Double(sums[start + $0]) / Double(all) : nil }
    }
  }

  /// In how many answers of a condition a measure holds, and in how many it does not.
  func counts(_ measure: Measure, _ condition: Int) -> (yes: Int, no: Int) {
    let own = rows.filter { $0.condition == condition }
    let yes = own.count { $0.holds[measure.place] }
    return (yes, own.count - yes)
  }

  /// The answers in some of the conditions as the mixed model takes them: one cell an answer, with
  /// 1 where the measure holds.
  /// - Parameter chosen: the conditions, which are numbered anew in this order.
  func cells(_ measure: Measure, _ chosen: [Int]) -> [MixedLogisticModel.Cell] {
    rows.compactMap { row in
      guard let place = chosen.firstIndex(of: row.condition) else { return nil }
      return MixedLogisticModel.Cell(
        condition: place, participant: row.participant, image: row.image,
        successes: row.holds[measure.place] ? 1 : 0)
    }
  }
}
