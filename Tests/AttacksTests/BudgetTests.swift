import Attacks
import Support
import Testing

@Suite("A budget is refused if no image can change by that much")
struct BudgetTests {
  private func plan(_ norm: Norm, _ epsilons: [Double]) -> AttackPlan {
    AttackPlan(
      name: "pgd", attack: ProjectedGradientDescent(norm: norm), goal: .untargeted,
      epsilons: epsilons)
  }

  @Test("in ℓ∞ the largest budget is the width of the value range")
  func linf() throws {
    try plan(.linf, [0, 0.5, 1]).checkBudgets(in: 0...1, features: 784)
    try plan(.linf, [8]).checkBudgets(in: 0...255, features: 784)
    try plan(.linf, [2]).checkBudgets(in: -1...1, features: 784)
    let bytes = Failure.usage(
      "pgd: the budget 8 is more than any pixel can change: the images have values from 0 to 1",
      hint: "did you mean 8/255, which is 0.0314?")
    #expect(throws: bytes) {
      try plan(.linf, [0.1, 8]).checkBudgets(in: 0...1, features: 784)
    }
    let wide = Failure.usage(
      "pgd: the budget 2.5 is more than any pixel can change: the images have values from -1 to 1",
      hint: "state the budget in the unit of the values; it can be at most 2")
    #expect(throws: wide) { try plan(.linf, [2.5]).checkBudgets(in: -1...1, features: 784) }
  }

  @Test("in ℓ2 and ℓ1 the largest budget is the distance of a black image from a white one")
  func others() throws {
    try plan(.l2, [28]).checkBudgets(in: 0...1, features: 784)
    try plan(.l1, [784]).checkBudgets(in: 0...1, features: 784)
    let far = Failure.usage(
      "pgd: the budget 128 is more than a whole image can change: the images have 784 values from "
        + "0 to 1, so the largest perturbation has the ℓ2 norm 28",
      hint: "state the budget in the unit of the values; it can be at most 28")
    #expect(throws: far) { try plan(.l2, [128]).checkBudgets(in: 0...1, features: 784) }
    #expect(throws: Failure.self) {
      try plan(.l1, [785]).checkBudgets(in: 0...1, features: 784)
    }
  }

  @Test("budgets in ℓ0 are shares, which are limited by the attack itself")
  func shares() throws {
    let plan = AttackPlan(
      name: "jsma", attack: JacobianSaliencyMap(), goal: .untargeted, epsilons: [0.1, 5])
    try plan.checkBudgets(in: 0...1, features: 784)
  }

  @Test("8/255 is a budget and a step size")
  func fractions() throws {
    let settings = try Settings(
      [
        .init(name: "epsilons", value: .list([.scalar("8/255")]), place: "run.yaml:1"),
        .init(name: "alpha", value: .scalar("2/255"), place: "run.yaml:2"),
      ], place: "run.yaml")
    let plan = try AttackPlan(name: "pgd", settings)
    #expect(plan.epsilons == [8.0 / 255])
    #expect(plan.settings["alpha"] == "\(2.0 / 255)")
  }
}
