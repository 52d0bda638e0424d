import Attacks
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("The comparison of two runs")
struct RunComparisonTests {
  private let folder = TemporaryFolder()

  /// The answers of a model within the budgets 0.1 and 0.2: it is right about so many of 200 images.
  private typealias Answers = [(model: String, clean: Int, right: [Int])]

  private func result(_ attack: String, _ answers: Answers) -> TransferResult {
    func row(_ right: Int) -> [Int] { (0..<200).map { $0 < right ? 0 : 1 } }
    let predictions = (0..<2).flatMap { budget in answers.flatMap { row($0.right[budget]) } }
    return TransferResult(
      attack: attack, source: "a", victims: answers.map(\.model), epsilons: [0.1, 0.2],
      predictions: Tensor(labels: predictions).reshaped([2, answers.count, 200]),
      clean: Tensor(labels: answers.flatMap { row($0.clean) }).reshaped([answers.count, 200]),
      labels: Tensor(labels: [Int](repeating: 0, count: 200)),
      targets: Tensor.full(-1, shape: [200], type: .int64),
      sizes: Tensor.zeros([2, Norm.allCases.count, 200]), examplesPerImage: 1, cost: AttackCost(),
      computed: [])
  }

  /// Writes the folder of a run of the attacks pgd and, with the given steps, bim.
  private func run(
    _ name: String, _ answers: Answers, flags: [TrustFlag] = [], data: String = "f",
    seed: UInt64 = 1,
    bimSteps: Int = 10
  ) throws -> StoredRun {
    let results = [result("pgd", answers), result("bim", answers)]
    let sizes = ["pgd", "bim"].map { SizeOfBudget(attack: $0, norm: .linf) }
    let outcomes = results.worstOutcomes(sizes)
    func record(_ name: String, _ steps: Int) -> AttackRecord {
      AttackRecord(name: name, title: name, parameters: ["norm": "linf", "steps": "\(steps)"])
    }
    let grid = Grid(
      cells: results.flatMap { $0.cells() },
      provenance: Provenance(
        experiment: "e", data: "d", dataFingerprint: data, examples: 200, seed: seed,
        device: "cpu", threads: 1, crossfire: "1", libtorch: "2",
        models: answers.map {
          ModelRecord(name: $0.model, description: "m", fingerprint: "\($0.clean)\($0.right)")
        },
        attacks: [record("pgd", 40), record("bim", bimSteps)]),
      flags: flags, worstCases: outcomes.worstCases(), rankings: outcomes.map(WorstCaseRanking.init)
    )
    let place = folder.appending(name)
    try createFolder(place)
    try grid.write(to: place)
    for result in results {
      let file = RunFolder(looking: place).predictions(attack: result.attack, source: "a")
      try createFolder(file.deletingLastPathComponent())
      try PredictionFile.write(result, request: "r", to: file)
    }
    return try StoredRun(place)
  }

  private let flag = TrustFlag(
    name: "masking", raisedBecause: "1", meaning: "", advice: "", attack: "pgd", victim: "b")

  @Test(
    "changes are those of the same images, and only those that chance does not explain are certain")
  func changes() throws {
    let before = try run("before", [("a", 180, [150, 100]), ("b", 190, [160, 90])])
    let after = try run(
      "after", [("b", 190, [160, 60]), ("a", 179, [150, 101])], flags: [flag], seed: 2)
    let comparison = try RunComparison(before, after)
    #expect(comparison.epsilon == 0.2 && comparison.norm == "linf" && comparison.images == 200)
    #expect(comparison.attacks == ["pgd", "bim"])
    #expect(comparison.models.map(\.model) == ["b", "a"])
    let (b, a) = (comparison.models[0], comparison.models[1])
    #expect(b.worstCase?.before == 0.45 && b.worstCase?.after == 0.3)
    #expect(b.worstCase?.isCertain == true && b.clean.difference == 0 && !b.clean.isCertain)
    #expect(a.worstCase?.difference == 0.005 && a.worstCase?.isCertain == false && !a.isSame)
    // 100 and 90 of 200 images, of which one model is right about a part of the other's, differ.
    #expect([a.rankBefore, b.rankBefore, a.rankAfter, b.rankAfter] == [1, 2, 1, 2])
    #expect(comparison.cells.count == 8)
    #expect(
      comparison.changedCells.map { "\($0.attack) \($0.epsilon) \($0.victim)" }
        == ["pgd 0.2 b", "bim 0.2 b"])
    #expect(comparison.newFlags == [flag] && comparison.vanishedFlags.isEmpty)
    #expect(comparison.notes == ["The seeds differ: 1 and 2."])
    let back = try RunComparison(after, before)
    #expect(back.vanishedFlags == [flag] && back.models[1].worstCase?.difference == 0.15)
    let csv = [comparison].csv().split(separator: "\n")
    #expect(csv.count == 1 + 2 * 3 + 8 + 1)
    #expect(csv[2].contains("worst-case,,0.2,,b,0.45,0.3,-0.15,-0."))
    #expect(csv.last?.contains("new flag: masking,pgd,,,b,,") == true)
  }

  @Test("a run compared with itself has no changes")
  func itself() throws {
    let run = try run("run", [("a", 180, [150, 100]), ("b", 190, [160, 90])], flags: [flag])
    let comparison = try RunComparison(run, run)
    #expect(comparison.changedCells.isEmpty && comparison.notes.isEmpty)
    #expect(comparison.newFlags.isEmpty && comparison.models.allSatisfy(\.isSame))
    for condition in ["worst-case drops 0.1", "clean of a drops 0.1", "new flags"] {
      #expect(try FailCondition(condition).findings(in: comparison).isEmpty)
    }
  }

  @Test("attacks with other settings and models of one run are left out, and named")
  func leftOut() throws {
    let before = try run("before", [("a", 180, [150, 100]), ("old", 100, [50, 50])])
    let after = try run(
      "after", [("a", 180, [150, 100]), ("new", 200, [200, 200])], bimSteps: 20)
    let comparison = try RunComparison(before, after)
    #expect(comparison.models.map(\.model) == ["a"] && comparison.attacks == ["pgd"])
    #expect(Set(comparison.cells.map(\.attack)) == ["pgd"])
    #expect(comparison.models[0].rankAfter == 2)
    let notes = comparison.notes.joined(separator: "\n")
    for part in ["has the model old.", "has the model new.", "bim is not compared: its settings"] {
      #expect(notes.contains(part), "\(notes)")
    }
  }

  @Test("runs with other data, without a common model, or with other predictions are refused")
  func refused() throws {
    let run = try run("run", [("a", 180, [150, 100])])
    func message(_ other: StoredRun) -> String {
      do {
        _ = try RunComparison(run, other)
        return ""
      } catch { return (error as? Failure).map { "\($0.kind) \($0.message)" } ?? "\(error)" }
    }
    let elsewhere = try self.run("elsewhere", [("a", 180, [150, 100])], data: "g")
    #expect(message(elsewhere).hasPrefix("badData the runs are not comparable"))
    #expect(message(elsewhere).contains("200 images of d (SHA-256 g…)"))
    #expect(
      message(try self.run("other", [("x", 180, [150, 100])])).contains(
        "no model has the same name"))
    let changed = try self.run("changed", [("a", 180, [150, 100])])
    let file = RunFolder(looking: changed.folder).predictions(attack: "pgd", source: "a")
    try PredictionFile.write(result("pgd", [("a", 180, [150, 99])]), request: "r", to: file)
    #expect(message(changed).contains("other predictions than those"))
    try FileManager.default.removeItem(at: file)
    #expect(message(changed).hasPrefix("missing"))
  }

  @Test("a condition holds from its number of points on, and for the model that it names")
  func conditions() throws {
    let before = try run("before", [("a", 180, [150, 100]), ("b", 190, [160, 90])])
    let after = try run("after", [("a", 180, [150, 96]), ("b", 188, [160, 90])], flags: [flag])
    let comparison = try RunComparison(before, after)
    func count(_ text: String) throws -> Int {
      try FailCondition(text).findings(in: comparison).count
    }
    #expect(try count("worst-case drops 2") == 1 && count("worst-case drops 2.1") == 0)
    #expect(try count("worst-case of a drops 2") == 1 && count("worst-case of b drops 0.1") == 0)
    #expect(try count("clean drops 1") == 1 && count("clean drops 1.5") == 0)
    #expect(try count("new flags") == 1 && count("new flags of b") == 1)
    #expect(try count("new flags of a") == 0)
    let found = try FailCondition("worst-case drops 1").findings(in: comparison)
    #expect(found[0].hasPrefix("worst-case of a drops by 2.0 points from 50.0% in "))
    for unanswerable in ["certified drops 1", "worst-group drops 1", "clean of c drops 1"] {
      #expect(throws: Failure.self) { try count(unanswerable) }
    }
  }

  @Test(
    "other texts are no conditions",
    arguments: [
      "", "worst-case", "worst-case drops", "worst-case drops 0", "worst-case drops x", "drops 2",
      "worst-case of drops 2", "worst case drops 2", "clean normal drops 2", "new", "new flags b",
    ])
  func noConditions(_ text: String) {
    #expect { try FailCondition(text) } throws: { ($0 as? Failure)?.kind == .usage }
  }
}
