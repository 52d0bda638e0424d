import Evaluation
import Support
import Testing

@Suite("The lookups of a grid")
struct GridTests {
  private let grid = Grid(
    cells: [
      GridCell(attack: "pgd", epsilon: 0.3, source: "b", victim: "a", examples: 10, correct: 4),
      GridCell(attack: "pgd", epsilon: 0.1, source: "b", victim: "a", examples: 10, correct: 7),
      GridCell(
        attack: "fgsm", epsilon: 0, source: "a", victim: "c", examples: 10, correct: 10,
        targetedHits: 0),
      GridCell(
        attack: "fgsm", epsilon: 0.1, source: "a", victim: "a", examples: 4, correct: 1,
        targetedHits: 2),
    ],
    provenance: Provenance(
      experiment: "e", data: "d", dataFingerprint: "", examples: 10, seed: 1, device: "cpu",
      threads: 1, crossfire: "0",
      libtorch: "2", models: [], attacks: []))

  @Test("names are in the order of their first cells")
  func names() {
    #expect(grid.attacks == ["pgd", "fgsm"])
    #expect(grid.sources == ["b", "a"])
    #expect(grid.victims == ["a", "c"])
    #expect(grid.models == ["b", "a", "c"])
  }

  @Test("the budgets of an attack ascend")
  func budgets() {
    #expect(grid.epsilons(for: "pgd") == [0.1, 0.3])
    #expect(grid.epsilons(for: "fgsm") == [0, 0.1])
    #expect(grid.epsilons(for: "none").isEmpty)
  }

  @Test("a cell is found by its attack, budget, source and victim together")
  func lookup() {
    #expect(grid.cell(attack: "pgd", epsilon: 0.1, source: "b", victim: "a")?.correct == 7)
    #expect(grid.cell(attack: "pgd", epsilon: 0.1, source: "a", victim: "b") == nil)
    #expect(grid.cell(attack: "pgd", epsilon: 0.2, source: "b", victim: "a") == nil)
  }

  @Test("the budgets of a curve ascend")
  func curve() {
    let curve = grid.curve(attack: "pgd", source: "b", victim: "a")
    #expect(curve.map(\.epsilon) == [0.1, 0.3])
    #expect(curve.map(\.cell.correct) == [7, 4])
  }

  @Test("a model on its own examples is white-box, and on those of another black-box")
  func setting() {
    #expect(grid.cells.map(\.setting) == [.blackBox, .blackBox, .blackBox, .whiteBox])
  }

  @Test("accuracy, targeted success and interval follow from the counts")
  func fractions() {
    let cell = grid.cells[3]
    #expect(cell.accuracy == 0.25)
    #expect(cell.targetedSuccess == 0.5)
    #expect(cell.interval == wilsonInterval(successes: 1, of: 4))
    #expect(grid.cells[0].targetedSuccess == nil)
  }
}
