import Attacks
import Foundation
import Support
import Testing

@testable import Evaluation
@testable import Reports

@Suite("The leaderboard of a report")
struct LeaderboardTableTests {
  /// The sample with its ranking within each of its budgets: the first model is right about the
  /// first images, and the second one about the last ones.
  private func grid(second: String = "masked") -> Grid {
    let grid = Sample.grid(second: second)
    let outcomes = [0.1, 0.2, 0.3].map { epsilon in
      let rows = grid.worstCases.filter { $0.epsilon == epsilon }
      return WorstOutcome(
        norm: .linf, epsilon: epsilon, attacks: ["fgsm"],
        leftOut: [LeftOutAttack(attack: "jsma", reason: .anotherNorm)], victims: rows.map(\.victim),
        rightUnchanged: [[Bool](repeating: true, count: 100), (0..<100).map { $0 > 1 }],
        right: rows.enumerated().map { place, row in
          (0..<100).map { (place == 0 ? $0 : 99 - $0) < row.rightUnderAll }
        }, rightUnderOwn: rows.map(\.rightUnderOwn))
    }
    return Grid(
      cells: grid.cells, provenance: grid.provenance, worstCases: grid.worstCases,
      rankings: outcomes.map(WorstCaseRanking.init))
  }

  @Test("it has a row for each model, the best first, and says what is counted and why")
  func table() throws {
    let table = try #require(LeaderboardTable.all(grid()).first)
    #expect(table.title == "Worst-case accuracy in ℓ∞ within ε = 0.2")
    #expect(
      table.columns == ["rank", "model", "worst case, %", "behind the first", "clean, %", "flags"])
    #expect(
      table.rows.map { $0.map(\.text) } == [
        ["1", "masked", "39.0 (30.0–48.8)", "", "98.0", "0"],
        ["2", "normal", "19.0 (12.5–27.8)", "−20.0 (−33.9 to −5.2)", "100.0", "0"],
      ])
    let notes = table.notes.joined(separator: " ")
    for part in [
      "correctly unchanged and under fgsm within ε = 0.2, made on any of the 2 source models",
      "ε = 0.2 is the middle one of the 3 budgets; the choice does not depend on the accuracies.",
      "Not counted: jsma (it has another norm).", "A model's rank is one more than",
    ] { #expect(notes.contains(part), "\(notes)") }
    let text = MarkdownReport(grid: grid(), title: "t").text()
    #expect(text.hasPrefix("# t\n\nWorst-case accuracy in ℓ∞ within ε = 0.2:\n\n| rank | model |"))
  }

  @Test("the key numbers say by how much the first model is ahead")
  func lead() throws {
    let first = try #require(KeyNumbers(grid()).sentences.first)
    #expect(
      first.contains(
        "masked is 20.0 points ahead of normal (95% interval, paired by image: 5.2–33.9)."),
      "\(first)")
  }

  @Test(
    "the page begins with it, complete without its script, and the browser runs no other script")
  func page() throws {
    let page = ReportPage(grid: grid(), title: "A study").html()
    let board = try #require(page.range(of: "id=\"leaderboard\""))
    let summary = try #require(page.range(of: "id=\"summary\""))
    #expect(board.lowerBound < summary.lowerBound)
    #expect(page[board.lowerBound..<summary.lowerBound].contains("<b>39.0</b>"))
    let scripts = page.matches(of: /<script>([\s\S]*?)<\/script>/).map { String($0.1) }
    #expect(scripts == [LeaderboardTable.script] && count("<script", in: page) == 1)
    let digest = Data(Digest.bytes(of: Data(scripts[0].utf8))).base64EncodedString()
    #expect(page.contains("script-src &#39;sha256-\(digest)&#39;"))
    #expect(isWellFormed(page.replacing("<!DOCTYPE html>", with: "")))
  }

  @Test("the names of models are escaped in it")
  func escaped() {
    let page = ReportPage(grid: grid(second: Sample.hostile), title: "A study").html()
    #expect(count("<script", in: page) == 1)
    #expect(isWellFormed(page.replacing("<!DOCTYPE html>", with: "")))
  }
}
