import Foundation
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("Accuracy by group")
struct GroupAccuracyTests {
  private func groups(_ counts: [(Int, Int)]) -> GroupAccuracies {
    GroupAccuracies(
      counts.enumerated().map {
        GroupAccuracy(group: $0, examples: $1.1, correct: $1.0)
      })
  }

  @Test("predictions are counted in the group of their example, and lacking groups are left out")
  func counts() throws {
    let found = try #require(
      GroupAccuracies(
        predictions: [1, 0, 2, 2, -1], labels: [1, 1, 2, 2, 0], groups: [4, 4, 0, 0, 7],
        names: ["land", "", "", "", "water"]))
    #expect(found.groups.map(\.group) == [0, 4, 7])
    #expect(found.groups.map(\.name) == ["land", "water", "7"])
    #expect(found.groups.map(\.correct) == [2, 1, 0] && found.groups.map(\.examples) == [2, 2, 1])
    #expect(found.mean == 0.5 && found.worst.group == 7)
    #expect(GroupAccuracies(predictions: [], labels: [], groups: [], names: nil) == nil)
  }

  @Test("the mean over the groups does not depend on their sizes, as the accuracy of all does")
  func unweighted() {
    #expect(groups([(8, 10), (1, 10)]).mean == groups([(80, 100), (1, 10)]).mean)
  }

  @Test("a group's interval is Wilson's, and the mean's is that of Zou, Huang and Zhang (NumPy)")
  func intervals() {
    let all = groups([(8, 10), (45, 50), (0, 1)])
    #expect(all.groups[0].interval == wilsonInterval(successes: 8, of: 10))
    #expect(all.groups[2].interval == 0...wilsonInterval(successes: 0, of: 1).upperBound)
    #expect(abs(all.meanInterval.lowerBound - 0.45666425261457405) < 1e-12)
    #expect(abs(all.meanInterval.upperBound - 0.8360897097661788) < 1e-12)
  }

  @Test("the interval of the worst group is that of the exact ends (SciPy)")
  func worstInterval() {
    let two = groups([(8, 10), (45, 50)]).worstInterval
    #expect(abs(two.lowerBound - 0.4439045376923585) < 1e-10)
    #expect(abs(two.upperBound - 0.9721791794465312) < 1e-10)
    // One example says almost nothing, and cannot make the end of the others lower than theirs.
    let three = groups([(8, 10), (45, 50), (0, 1)]).worstInterval
    #expect(three.lowerBound == 0)
    #expect(abs(three.upperBound - 0.9748498562328137) < 1e-10)
    let one = groups([(3, 20)]).worstInterval
    #expect(one == clopperPearsonInterval(successes: 3, of: 20))
  }

  /// How often intervals of the lowest true accuracy contain it, in simulated evaluations.
  private func coverage(
    _ trueAccuracies: [Double], _ examples: Int, seed: UInt64,
    of interval: (GroupAccuracies) -> ClosedRange<Double>
  ) -> Double {
    let trials = 1000
    let lowest = trueAccuracies.min() ?? 0
    let draws = RandomSource(Seed(seed)).uniform([trials, trueAccuracies.count, examples]).floats()
    let hits = (0..<trials).count { trial in
      let counts = trueAccuracies.indices.map { group in
        let first = (trial * trueAccuracies.count + group) * examples
        let correct = draws[first..<first + examples].count { Double($0) < trueAccuracies[group] }
        return (correct, examples)
      }
      return interval(groups(counts)).contains(lowest)
    }
    return Double(hits) / Double(trials)
  }

  @Test(
    "the interval of the worst group contains the lowest true accuracy in at least 95 % of evaluations",
    arguments: [
      [Double](repeating: 0.5, count: 10), [0.2, 0.9, 0.95], [0.9, 0.91, 0.92, 0.93, 0.94, 0.95],
      [0.03, 0.03],
    ])
  func covers(_ accuracies: [Double]) {
    let share = coverage(accuracies, 40, seed: 11) { $0.worstInterval }
    // Three standard errors of 1000 trials below 95 %.
    #expect(share >= 0.95 - 0.0207, "\(share)")
  }

  @Test("the worst group's own interval misses the lowest true accuracy often, and so is not used")
  func naive() {
    let equal = [Double](repeating: 0.5, count: 10)
    #expect(coverage(equal, 40, seed: 11) { $0.worst.interval } < 0.9)
  }

  @Test("the interval of the mean contains the mean of the true accuracies about 95 % of the time")
  func meanCovers() {
    let accuracies = [0.2, 0.6, 0.9, 0.97]
    let trials = 2000
    let examples = 30
    let draws = RandomSource(Seed(12)).uniform([trials, 4, examples]).floats()
    let hits = (0..<trials).count { trial in
      let counts = (0..<4).map { group in
        let first = (trial * 4 + group) * examples
        return (
          draws[first..<first + examples].count { Double($0) < accuracies[group] }, examples
        )
      }
      return groups(counts).meanInterval.contains(accuracies.reduce(0, +) / 4)
    }
    #expect(abs(Double(hits) / Double(trials) - 0.95) < 0.02, "\(hits)")
  }

  @Test("several examples of an image count as one in the intervals")
  func perImage() throws {
    let answers = [Int64](repeating: 1, count: 30) + [Int64](repeating: 0, count: 10)
    let found = try #require(
      GroupAccuracies(
        predictions: answers, labels: [Int64](repeating: 1, count: 40),
        groups: [Int64](repeating: 2, count: 40), names: nil, examplesPerImage: 4))
    #expect(found.groups[0].images == 10 && found.worst.accuracy == 0.75)
    #expect(found.worst.interval == wilsonInterval(successes: 7.5, of: 10))
    #expect(found.worstInterval == clopperPearsonInterval(successes: 7.5, of: 10))
  }

  @Test("the JSON has groups, mean and worst group, and is read again")
  func json() throws {
    let all = groups([(8, 10), (0, 1)])
    let data = try JSONEncoder().encode(all)
    #expect(try JSONDecoder().decode(GroupAccuracies.self, from: data) == all)
    let text = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(text["mean"] as? Double == 0.4 && text["worst"] as? Double == 0)
    #expect(text["worst_group"] as? String == "1" && text["worst_ci_low"] as? Double == 0)
    let wrong = String(decoding: data, as: UTF8.self).replacing(
      "\"correct\":8", with: "\"correct\":11")
    #expect(throws: Failure.self) {
      try JSONDecoder().decode(GroupAccuracies.self, from: Data(wrong.utf8))
    }
  }
}
