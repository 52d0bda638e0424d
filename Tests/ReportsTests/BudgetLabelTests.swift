import Testing

@testable import Evaluation
@testable import Reports

@Suite("Labels of budgets")
struct BudgetLabelTests {
  /// A grid of one attack whose perturbations have a largest size for each budget.
  private func grid(
    _ attack: AttackRecord, sizes: [Double: Double], spending: Bool = true
  ) -> Grid {
    let cells = sizes.keys.sorted().map {
      GridCell(
        attack: attack.name, epsilon: $0, source: "m", victim: "m", examples: 10, correct: 5)
    }
    var provenance = Sample.grid().provenance
    provenance.attacks = [attack]
    let reached = sizes.sorted { $0.key < $1.key }.map { epsilon, size in
      ReachedSizes(epsilon: epsilon, norms: ["linf": ReachedSize(mean: size, largest: size)])
    }
    let spent = AttackSpending(
      attack: attack.name, source: "m", examples: 10, forwardsPerExample: 1, backwardsPerExample: 1,
      reached: reached)
    return Grid(cells: cells, provenance: provenance, spending: spending ? [spent] : [])
  }

  private let stepwise = AttackRecord(
    name: "itgsm", title: "iterated", parameters: ["steps": "10"])

  @Test("A budget that the perturbations exceed is named by its steps and what they reached")
  func beyond() {
    let grid = grid(stepwise, sizes: [0: 0, 0.05: 0.5, 0.1: 1])
    #expect(grid.heading("itgsm", 0.1) == "itgsm, 10 steps of 0.1, reached ℓ∞ 1")
    #expect(
      grid.budgetLabel("itgsm", [0, 0.05, 0.1]) == "10 steps of 0, 0.05, 0.1 (reached ℓ∞ 0.5, 1)")
    #expect(grid.budgetAxis("itgsm") == "ε of each of 10 steps, reaching ℓ∞ 1")
    #expect(grid.columnLabels("itgsm", [0.1]).map(\.short) == ["10×0.1"])
  }

  @Test("A budget that is kept, rounding apart, has its symbol")
  func within() {
    let kept = grid(stepwise, sizes: [0.1: 0.100_000_1])
    #expect(kept.heading("itgsm", 0.1) == "itgsm, ε = 0.1")
    #expect(kept.budgetAxis("itgsm") == "budget ε")
    #expect(kept.columnLabels("itgsm", [0.1]).map(\.short) == ["0.1"])
    let unknown = grid(stepwise, sizes: [0.1: 1], spending: false)
    #expect(unknown.heading("itgsm", 0.1) == "itgsm, ε = 0.1")
  }

  @Test("A budget that is no size, such as a factor, is not compared with sizes")
  func factors() {
    let factor = AttackRecord(name: "spatial", title: "turned", budgetSymbol: "factor")
    #expect(grid(factor, sizes: [0.5: 1]).heading("spatial", 0.5) == "spatial, factor = 0.5")
  }
}
