import Attacks
import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Accuracies by group in a grid")
struct GroupCellTests {
  private static let images = try! SevenSegmentDigits().images(.test, count: 30)
  /// Three groups, of which the last has one image.
  private static let groups = (0..<30).map { $0 == 29 ? Int64(5) : Int64($0 % 2) }

  private func result(_ goal: GoalRule, epsilons: [Double] = [0, 0.2]) throws -> TransferResult {
    let network = try Architecture.named("mlp").network(
      input: Self.images.shape, classNames: Self.images.classNames, seed: Seed(1))
    let contestant = Contestant(name: "a", classifier: network, fingerprint: "a")
    let attack: any Attack = goal.isTargeted ? TargetedGradientSign() : FastGradientSign()
    let plan = AttackPlan(name: "fgsm", attack: attack, goal: goal, epsilons: epsilons)
    return try TransferRunner(
      plan: plan, source: contestant, victims: [contestant], data: Self.images, seed: Seed(3)
    ).run(keep: 0) { _ in }.result
  }

  @Test("stored predictions give the accuracies by group, whose sums are those of the cell")
  func sums() throws {
    let result = try result(.untargeted)
    let cells = result.groupCells(Self.groups, names: nil)
    #expect(cells.map(\.epsilon) == [0, 0.2])
    for (cell, whole) in zip(cells, result.cells()) {
      #expect(cell.accuracies.groups.map(\.group) == [0, 1, 5])
      #expect(cell.accuracies.groups.map(\.examples) == [15, 14, 1])
      #expect(cell.accuracies.groups.map(\.correct).reduce(0, +) == whole.correct)
      let answers = result.predictions.select(0, cell.epsilon == 0 ? 0 : 1).select(0, 0).int64s()
      let labels = result.labels.int64s()
      let odd = (0..<30).filter { Self.groups[$0] == 1 && answers[$0] == labels[$0] }
      #expect(cell.accuracies.groups[1].correct == odd.count)
    }
  }

  @Test("images that a targeted attack leaves out are in no group, and all targets count")
  func targeted() throws {
    let labels = Self.images.labels.int64s()
    let aimed = try result(.label(3))
    let left = labels.indices.filter { labels[$0] != 3 }
    let cell = aimed.groupCells(Self.groups, names: nil)[1]
    #expect(
      cell.accuracies.groups.map(\.examples)
        == [0, 1, 5].map { group in left.count { Self.groups[$0] == group } }.filter { $0 > 0 })
    // If every image has the label that the attack aims at, its group is not there at all.
    let byLabel = aimed.groupCells(labels, names: Self.images.classNames)[0].accuracies
    #expect(!byLabel.groups.map(\.group).contains(3))
    let every = try result(.all).groupCells(Self.groups, names: nil)[1].accuracies
    #expect(every.groups.map(\.images) == [15, 14, 1])
    #expect(every.groups.map(\.examples) == [15 * 9, 14 * 9, 9])
  }

  private func grid(_ cells: [GroupCell]?) -> Grid {
    Grid(
      cells: [
        GridCell(attack: "fgsm", epsilon: 0, source: "a", victim: "a", examples: 30, correct: 20)
      ],
      provenance: Provenance(
        experiment: "e", data: "d", dataFingerprint: "ab", examples: 30, seed: 1, device: "cpu",
        threads: 1, crossfire: "1", libtorch: "2", models: [], attacks: []), groups: cells)
  }

  private func cell(_ correct: [Int]) -> GroupCell {
    GroupCell(
      attack: "fgsm", epsilon: 0, source: "a", victim: "a",
      accuracies: GroupAccuracies(
        correct.enumerated().map { GroupAccuracy(group: $0, examples: 10, correct: $1) }))
  }

  @Test("a grid with groups is written and read; one without has neither the key nor the file")
  func files() throws {
    let folder = TemporaryFolder()
    let original = grid([cell([9, 4])])
    try original.write(to: folder.url)
    #expect(try Grid.read(folder.appending("grid.json")) == original)
    let lines = try String(contentsOf: folder.appending("groups.csv"), encoding: .utf8)
      .split(separator: "\n")
    #expect(
      lines[0] == "attack,epsilon,source,victim,setting,group,name,examples,images,correct,"
        + "accuracy,ci_low,ci_high")
    #expect(lines[1] == "fgsm,0,a,a,white-box,0,0,10,10,9,0.9,0.59585,0.982124")
    #expect(lines[3].hasPrefix("fgsm,0,a,a,white-box,mean,,,,,0.65,"))
    #expect(lines[4].hasPrefix("fgsm,0,a,a,white-box,worst,1,10,10,4,0.4,"))
    #expect(lines.count == 5)

    let plain = TemporaryFolder()
    try grid(nil).write(to: plain.url)
    let json = try Data(contentsOf: plain.appending("grid.json"))
    let keys = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any]).keys
    #expect(
      keys.sorted() == [
        "cells", "flags", "format", "overlaps", "provenance", "repeats", "spending", "worstCases",
      ])
    let files = try FileManager.default.contentsOfDirectory(atPath: plain.url.path)
    #expect(
      files.sorted() == ["comparisons.csv", "grid.csv", "grid.json", "overlaps.csv", "worst.csv"])
  }

  @Test("repetitions give the spread of every group, of the mean and of the worst group")
  func repeats() throws {
    let grids = [[9, 4], [5, 8], [6, 6]].map { grid([cell($0)]) }
    let repeated = try #require(grids.repeatedGroups())
    #expect(repeated.count == 1 && repeated[0].worsts == [0.4, 0.5, 0.6])
    #expect(repeated[0].means == [0.65, 0.65, 0.6])
    let lines = repeated.csv().split(separator: "\n")
    #expect(
      lines.dropFirst() == [
        "fgsm,0,a,a,0,0,3,0.666667,0.208167,0.5,0.9", "fgsm,0,a,a,1,1,3,0.6,0.2,0.4,0.8",
        "fgsm,0,a,a,mean,,3,0.633333,0.028868,0.6,0.65", "fgsm,0,a,a,worst,,3,0.5,0.1,0.4,0.6",
      ])
    #expect([grid(nil), grid(nil)].repeatedGroups() == nil && [grids[0]].repeatedGroups() == nil)
  }
}
