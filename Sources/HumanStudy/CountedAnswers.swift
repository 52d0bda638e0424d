import Evaluation
import Foundation

/// What is counted of an answer.
enum Measure: String, CaseIterable {
  case fooled
  case reasonable
  case original

  var place: Int { Self.allCases.firstIndex(of: self)! }

  func holds(_ showing: StudyData.Showing) -> Bool {
    switch self {
    case .fooled: showing.isFooled
    case .reasonable: showing.isReasonable
    case .original: showing.isRight
    }
  }
}

/// Answers by numbers: which participant, which image, which condition, and what holds of it.
struct CountedAnswers {
  struct Row {
    let participant: Int
    let image: Int
    let condition: Int
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

  /// The share of every measure in every condition when each answer counts as often as its
  /// participant times its image; nil where no answer is left.
  func shares(_ participantTimes: [Int], _ imageTimes: [Int]) -> [[Double?]] {
    let measures = Measure.allCases.count
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

  func counts(_ measure: Measure, _ condition: Int) -> (yes: Int, no: Int) {
    let own = rows.filter { $0.condition == condition }
    let yes = own.count { $0.holds[measure.place] }
    return (yes, own.count - yes)
  }
}

extension CountedAnswers {
  func cells(_ measure: Measure) -> [MixedLogisticModel.Cell] {
    rows.map {
      MixedLogisticModel.Cell(
        condition: $0.condition, participant: $0.participant, image: $0.image,
        successes: $0.holds[measure.place] ? 1 : 0)
    }
  }
}
