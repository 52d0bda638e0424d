import Evaluation
import Testing

@testable import Reports

@Suite("The report's section on repeated judgements")
struct JudgementSectionTests {
  private func grid(judged: Bool) -> Grid {
    let once = Sample.grid()
    let cells = once.cells.map { cell in
      GridCell(
        attack: cell.attack, epsilon: cell.epsilon, source: cell.source, victim: cell.victim,
        examples: cell.examples, correct: cell.correct, targetedHits: cell.targetedHits,
        judgements: judged
          ? Judgements(
            examples: cell.examples, correct: [cell.correct, cell.correct - 1],
            alwaysCorrect: cell.correct - 1) : nil)
    }
    return Grid(cells: cells, provenance: once.provenance)
  }

  @Test("there is one only if examples were judged several times")
  func section() {
    let page = ReportPage(grid: grid(judged: true), title: "t").html()
    #expect(page.contains("Repeated judgements") && page.contains("shown every example 2 times"))
    // 20 and 19 of 100 within the middle budget.
    #expect(page.contains("19.5 ± 0.7 (19.0–20.0), worst 19.0"))
    let markdown = MarkdownReport(grid: grid(judged: true), title: "t").text()
    #expect(markdown.contains("## Repeated judgements"))
    #expect(markdown.contains("| 19.5 ± 0.7 (19.0–20.0), worst 19.0 |"))
    #expect(!ReportPage(grid: grid(judged: false), title: "t").html().contains("judgements"))
    #expect(!MarkdownReport(grid: grid(judged: false), title: "t").text().contains("judgements"))
  }
}
