import Foundation
import Support
import Testing

@testable import Evaluation

@Suite("The files of a grid")
struct GridFilesTests {
  private func grid(_ cells: [GridCell], flags: [TrustFlag] = []) -> Grid {
    Grid(
      cells: cells,
      provenance: Provenance(
        experiment: "e", data: "mnist:test", dataFingerprint: "ab", examples: 50, seed: .max,
        device: "cpu", threads: 2,
        crossfire: "1.0.0", libtorch: "2.13.0",
        models: [ModelRecord(name: "normal", description: "cnn", defense: nil, fingerprint: "cd")],
        attacks: [
          AttackRecord(
            name: "pgd", title: "projected gradient descent", parameters: ["steps": "40"])
        ]),
      flags: flags)
  }

  private let cell = GridCell(
    attack: "fgsm", epsilon: 0.1, source: "normal", victim: "both", examples: 50, correct: 38)

  private func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "grid-\(UUID().uuidString)")
    try createFolder(folder)
    return folder
  }

  /// The grid's JSON with a part of its text replaced, read back.
  private func reading(_ text: String, insteadOf old: String) throws -> Grid {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let json = String(decoding: try grid([cell]).json(), as: UTF8.self)
    try #require(json.contains(old))
    let file = folder.appending(path: "grid.json")
    try Data(json.replacing(old, with: text).utf8).write(to: file)
    return try Grid.read(file)
  }

  @Test("grid.csv has a fixed header and a row for each cell")
  func table() {
    let aimed = GridCell(
      attack: "tgsm", epsilon: 0, source: "both", victim: "both", examples: 3, correct: 3,
      targetedHits: 1,
      clean: .init(bothRight: 2, keptRight: 1))
    #expect(
      grid([cell, aimed]).csv() == """
        attack,epsilon,source,victim,setting,examples,correct,accuracy,ci_low,ci_high,\
        targeted_success,images,both_right,success,excluded
        fgsm,0.1,normal,both,black-box,50,38,0.76,0.625873,0.857026,,50,,,0
        tgsm,0,both,both,white-box,3,3,1,0.438503,1,0.333333,3,2,0.5,0

        """)
  }

  @Test("a grid that is written and read is the same")
  func roundTrip() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let flag = TrustFlag(
      name: "masking", raisedBecause: "a", meaning: "b", advice: "c", victim: "both")
    let aimed = GridCell(
      attack: "jsma", epsilon: 8.0 / 255, source: "a", victim: "a", examples: 9, correct: 0,
      targetedHits: 9)
    let original = grid([cell, aimed], flags: [flag])
    try original.write(to: folder)
    #expect(try Grid.read(folder.appending(path: "grid.json")) == original)
    #expect(
      try String(contentsOf: folder.appending(path: "grid.csv"), encoding: .utf8) == original.csv())
  }

  @Test("the interval counts images and not examples")
  func interval() {
    let each = GridCell(
      attack: "jsma", epsilon: 0.1, source: "a", victim: "a", examples: 450, images: 50,
      correct: 342)
    #expect(each.accuracy == cell.accuracy)
    #expect(each.interval == cell.interval)
  }

  @Test("equal grids give equal bytes")
  func bytes() throws {
    #expect(try grid([cell]).json() == grid([cell]).json())
  }

  @Test("a cell in JSON has the numbers of its row in grid.csv")
  func numbers() throws {
    let json = try JSONSerialization.jsonObject(with: grid([cell]).json()) as? [String: Any]
    let first = try #require((json?["cells"] as? [[String: Any]])?.first)
    #expect(json?["format"] as? Int == 5)
    #expect(first["setting"] as? String == "black-box")
    #expect(first["accuracy"] as? Double == 0.76)
    #expect(first["ci_low"] as? Double == 0.625873)
    #expect(first["ci_high"] as? Double == 0.857026)
  }

  @Test(
    "a file that cannot be a grid is refused with its path and the reason",
    arguments: [
      ("\"format\" : 5", "\"format\" : 1", "expected format 5, found format 1"),
      (
        "\"correct\" : 38", "\"correct\" : 51",
        "fgsm, epsilon 0.1, normal to both: correct: expected a number from 0 to 50, found 51"
      ),
      (
        "\"correct\" : 38", "\"correct\" : -1",
        "fgsm, epsilon 0.1, normal to both: correct: expected a number from 0 to 50, found -1"
      ),
      (
        "\"correct\" : 38", "\"correct\" : 38, \"targeted_hits\" : 60",
        "fgsm, epsilon 0.1, normal to both: targeted_hits: expected a number from 0 to 50, found 60"
      ),
      (
        "\"examples\" : 50", "\"examples\" : 0",
        "fgsm, epsilon 0.1, normal to both: examples: expected at least 1, found 0"
      ),
      (
        "\"epsilon\" : 0.1", "\"epsilon\" : -0.1",
        "fgsm, epsilon -0.1, normal to both: epsilon must be at least 0"
      ),
      ("\"correct\" : 38", "\"wrong\" : 38", "not a grid: cells.[0] has no 'correct'"),
    ])
  func refused(_ old: String, _ new: String, _ reason: String) {
    #expect {
      try reading(new, insteadOf: old)
    } throws: { error in
      let failure = error as? Failure
      return failure?.kind == .badData
        && failure?.message.hasSuffix("/grid.json: \(reason)") == true
    }
  }

  @Test(
    "a file that is not JSON, or has a value of another type, is refused",
    arguments: [
      ("\"epsilon\" : 0.1", "\"epsilon\" : 1e999"), ("{", "["),
      ("\"correct\" : 38", "\"correct\" : \"38\""),
    ])
  func malformed(_ old: String, _ new: String) {
    #expect {
      try reading(new, insteadOf: old)
    } throws: {
      ($0 as? Failure)?.kind == .badData
    }
  }

  @Test("a cell that occurs twice is refused")
  func repeatedCell() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try grid([cell, cell]).write(to: folder)
    let file = folder.appending(path: "grid.json")
    let expected = Failure.badData("\(file.path): fgsm, epsilon 0.1, normal to both occurs twice")
    #expect(throws: expected) { try Grid.read(file) }
  }

  @Test("a file that cannot be read is reported as missing")
  func missing() {
    #expect(throws: Failure.missing("No such file: /nowhere/grid.json")) {
      try Grid.read(URL(filePath: "/nowhere/grid.json"))
    }
  }
}
