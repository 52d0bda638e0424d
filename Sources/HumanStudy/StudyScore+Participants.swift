import Evaluation
import Foundation

/// Who took part, how attentive they were, and how long they took.
extension StudyScore {
  var participation: StudyResults.Participation {
    let checks = data.showings.filter { $0.phase == .check && !$0.isRepeat }
    let rules = data.rules.sentences.map { rule, sentence in
      StudyResults.Rule(
        sentence: sentence, leftOut: data.excluded.count { $0.rule == rule })
    }
    let repeated = data.showings.filter { $0.phase == .main && $0.isRepeat }
    let same = repeated.count { again in
      let before = data.showings.first {
        $0.participant == again.participant && $0.stimulus.name == again.stimulus.name
      }
      return before?.first == again.first
    }
    return StudyResults.Participation(
      answered: data.participants.count + data.excluded.count, analysed: data.participants.count,
      excluded: data.excluded.map {
        StudyResults.Excluded(participant: $0.participant, reason: $0.reason)
      }, rules: rules,
      checksRight: checks.count(where: \.isRight), checks: checks.count, repeated: repeated.count,
      repeatedSame: same)
  }

  /// The median time of each participant who has times, in milliseconds.
  func personalMedians(_ own: [StudyData.Showing]) -> [Double] {
    Dictionary(grouping: own, by: \.participant).sorted { $0.key < $1.key }.compactMap {
      median($0.value.compactMap(\.milliseconds))
    }
  }

  /// A summary of the response times; nil if fewer than two times were measured.
  ///
  /// Response times are skewed to the right, and their logarithms are closer to a normal
  /// distribution. So the mean and the standard deviation are those of ln(milliseconds).
  var times: StudyResults.TimeResult? {
    let medians = personalMedians(showings)
    // 0 has no logarithm.
    let logs = showings.compactMap(\.milliseconds).filter { $0 > 0 }.map { log($0) }
    guard let middle = median(medians), let fastest = medians.min(), let slowest = medians.max(),
      logs.count > 1
    else {
      return nil
    }
    let mean = logs.reduce(0, +) / Double(logs.count)
    let variance = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(logs.count - 1)
    return StudyResults.TimeResult(
      median: middle, fastest: fastest, slowest: slowest, logMean: mean,
      logDeviation: variance.squareRoot(), answers: logs.count)
  }
}
