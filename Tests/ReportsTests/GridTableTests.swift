import Evaluation
import Testing

@testable import Reports

@Suite struct GridTableTests {
  private func table(_ grid: Grid, _ attack: String = "fgsm", _ epsilon: Double = 0.2) -> GridTable
  {
    GridTable(grid: grid, attack: attack, epsilon: epsilon)
  }

  @Test func theTerminalShowsTheMatrixAligned() {
    #expect(
      table(Sample.grid()).text() == """
        Accuracy in % under fgsm, ε = 0.2
        rows: source models, columns: target models, [ ]: white-box

        source   normal   masked
        (clean)    99.0     98.0
        normal    [20.0]    40.0
        masked     95.0    [98.0]

        100 examples each, 95% intervals within ±9.8 points

        """)
  }

  @Test func whatDoesNotFitBesideEachOtherGoesBelow() {
    let names = (1...12).map { "model-\($0)-of-12" }
    let cells = names.map {
      GridCell(attack: "pgd", epsilon: 1, source: $0, victim: $0, examples: 2, correct: 1)
    }
    let grid = Grid(cells: cells, provenance: Sample.grid().provenance)
    let lines = table(grid, "pgd", 1).text().split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    for name in names { #expect(lines.contains { $0.hasPrefix("source") && $0.contains(name) }) }
  }

  @Test func markdownMarksTheWhiteBoxAndWhatIsNotMeasured() {
    let cells = [
      GridCell(attack: "a", epsilon: 1, source: "x", victim: "x", examples: 4, correct: 2),
      GridCell(attack: "a", epsilon: 1, source: "x", victim: "y|z", examples: 4, correct: 4),
      GridCell(attack: "a", epsilon: 1, source: "y|z", victim: "x", examples: 4, correct: 0),
    ]
    let grid = Grid(cells: cells, provenance: Sample.grid().provenance)
    #expect(
      table(grid, "a", 1).markdown() == """
        | source \\ target | x | y\\|z |
        | --- | ---: | ---: |
        | x | **50.0 (15.0–85.0)** | 100.0 (51.0–100.0) |
        | y\\|z | 0.0 (0.0–49.0) | – |

        """)
  }

  @Test func theWhiteBoxIsSaidAndNotOnlyShown() {
    let html = table(Sample.grid()).html().rendered
    #expect(count("class=\"own\"", in: html) == 2)
    #expect(count("<span class=\"unseen\">white-box</span>", in: html) == 2)
  }

  @Test func everyHeaderSaysWhatItHeads() {
    let html = table(Sample.grid()).html().rendered
    #expect(count("<th scope=\"row\"", in: html) == 3)
    #expect(count("<th", in: html.replacing("<thead", with: "")) == count("<th scope=", in: html))
  }

  @Test func anAttackWithAnAimShowsHowOftenItHit() {
    #expect(table(Sample.grid(), "jsma", 0.25).html().rendered.contains("target class 96.0"))
    #expect(!table(Sample.grid()).html().rendered.contains("target class"))
  }

  @Test func hostileNamesAreEscaped() {
    let hostile = table(Sample.grid(first: Sample.hostile))
    #expect(!hostile.html().rendered.contains("<script"))
    #expect(!hostile.markdown().replacing("\\<", with: "").contains("<"))
  }
}
