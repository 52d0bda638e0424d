import Attacks
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("The worst case over all attacks")
struct WorstCaseTests {
  /// Examples with the label 0 within the budget 0.1. `wrong` has the places of those that victim a
  /// misclassifies, and of those that victim b misclassifies.
  private func result(
    _ attack: String, from source: String, wrong: [Set<Int>], count: Int = 4, perImage: Int = 1
  ) -> TransferResult {
    let answers = wrong.flatMap { wrong in (0..<count).map { wrong.contains($0) ? 1 : 0 } }
    return TransferResult(
      attack: attack, source: source, victims: ["a", "b"], epsilons: [0.1],
      predictions: Tensor(labels: answers).reshaped([1, 2, count]),
      clean: Tensor.full(0, shape: [2, count], type: .int64),
      labels: Tensor(labels: [Int](repeating: 0, count: count)),
      targets: Tensor.full(-1, shape: [count], type: .int64),
      sizes: Tensor.zeros([1, Norm.allCases.count, count]), examplesPerImage: perImage,
      cost: AttackCost(), computed: [])
  }

  private func plan(_ name: String, _ attack: any Attack) -> AttackPlan {
    AttackPlan(name: name, attack: attack, goal: .untargeted, epsilons: [0.1])
  }

  @Test("an image counts as correct only if it is correct under every attack in the norm")
  func worst() throws {
    let results = [
      result("fgsm", from: "a", wrong: [[0], [1]]), result("fgsm", from: "b", wrong: [[1], [2]]),
      result("bim", from: "a", wrong: [[2], []]),
      result("deepfool", from: "a", wrong: [[0, 1, 2, 3], []]),
    ]
    let plans = [
      plan("fgsm", FastGradientSign()), plan("bim", BasicIterativeMethod()),
      plan("deepfool", DeepFool()),
    ]
    let cases = results.worstCases(plans)
    let a = try #require(cases.first { $0.victim == "a" && $0.norm == "linf" })
    #expect(a.attacks == ["fgsm", "bim"] && a.images == 4)
    #expect(a.rightUnderOwn == 2 && a.rightUnderAll == 1)
    let b = try #require(cases.first { $0.victim == "b" && $0.norm == "linf" })
    #expect(b.rightUnderOwn == 3 && b.rightUnderAll == 2)
    let inL2 = try #require(cases.first { $0.victim == "b" && $0.norm == "l2" })
    #expect(inL2.rightUnderOwn == nil && inL2.rightUnderAll == 4)
    #expect(
      cases.csv().contains("a,linf,0.1,fgsm bim,4,0.5,0.25,"), "\(cases.csv())")
  }

  /// Results with random predictions of three budgets and of the unchanged images.
  private func random(_ attack: String, from source: String, epsilons: [Double], seed: UInt64)
    -> TransferResult
  {
    let count = 60
    let draws = ExampleDraws(Seed(seed), examples: Array(0..<count))
    func answers(_ purpose: String) -> Tensor {
      Tensor.stack(["a", "b"].map { draws.purpose(purpose + $0).integers(below: 3) })
    }
    return TransferResult(
      attack: attack, source: source, victims: ["a", "b"], epsilons: epsilons,
      predictions: Tensor.stack(epsilons.map { $0 == 0 ? answers("0") : answers("\($0)") }),
      clean: answers("0"), labels: Tensor(labels: [Int](repeating: 0, count: count)),
      targets: Tensor.full(-1, shape: [count], type: .int64),
      sizes: Tensor.zeros([epsilons.count, Norm.allCases.count, count]), examplesPerImage: 1,
      cost: AttackCost(), computed: [])
  }

  @Test("the worst case never rises with the budget, and is at most every accuracy within it")
  func nested() {
    let results = [
      random("fgsm", from: "a", epsilons: [0, 0.1, 0.2, 0.3], seed: 1),
      random("fgsm", from: "b", epsilons: [0, 0.1, 0.2, 0.3], seed: 1),
      random("bim", from: "a", epsilons: [0.2], seed: 2),
      random("bim", from: "b", epsilons: [0.2], seed: 3),
    ]
    let cases = results.worstCases([
      plan("fgsm", FastGradientSign()), plan("bim", BasicIterativeMethod()),
    ])
    #expect(cases.count == 6)
    let cells = results.flatMap { $0.cells() }
    for row in cases {
      let within = cells.filter { $0.victim == row.victim && $0.epsilon <= row.epsilon }
      #expect(within.allSatisfy { row.rightUnderAll <= $0.correct }, "\(row)")
      let own = within.filter { $0.source == row.victim }
      let rightUnderOwn = row.rightUnderOwn ?? -1
      #expect(own.allSatisfy { rightUnderOwn <= $0.correct }, "\(row)")
      #expect(row.rightUnderAll <= rightUnderOwn)
      #expect(row.attacks == (row.epsilon < 0.2 ? ["fgsm"] : ["fgsm", "bim"]))
      for wider in cases where wider.victim == row.victim && wider.epsilon > row.epsilon {
        #expect(wider.rightUnderAll <= row.rightUnderAll)
        #expect(wider.rightUnderOwn ?? -1 <= rightUnderOwn)
      }
    }
  }

  @Test("an example that is farther away than its attack's budget counts from its own size on")
  func farther() throws {
    func moved(_ attack: String, _ size: Double, wrong: Set<Int>) -> TransferResult {
      let near = result(attack, from: "a", wrong: [wrong, []])
      return TransferResult(
        attack: attack, source: "a", victims: near.victims, epsilons: near.epsilons,
        predictions: near.predictions, clean: near.clean, labels: near.labels,
        targets: near.targets, sizes: near.sizes + size, examplesPerImage: 1, cost: near.cost,
        computed: [])
    }
    let wide = result("bim", from: "a", wrong: [[], []])
    let far = TransferResult(
      attack: "bim", source: "a", victims: wide.victims, epsilons: [0.5],
      predictions: wide.predictions, clean: wide.clean, labels: wide.labels,
      targets: wide.targets, sizes: wide.sizes + 0.5, examplesPerImage: 1, cost: wide.cost,
      computed: [])
    let cases = [
      moved("fgsm", 0.1, wrong: [0]), moved("ifgsm", 0.5, wrong: [1, 2]), far,
    ].worstCases([
      plan("fgsm", FastGradientSign()), plan("ifgsm", IteratedFastGradientSign()),
      plan("bim", BasicIterativeMethod()),
    ]).filter { $0.victim == "a" }
    #expect(cases.map(\.epsilon) == [0.1, 0.5])
    #expect(cases.map(\.attacks) == [["fgsm"], ["fgsm", "ifgsm", "bim"]])
    #expect(cases.map(\.rightUnderAll) == [3, 1])
  }

  @Test("the worst case is not above the accuracy under any of the attacks")
  func bound() {
    let results = [
      result("fgsm", from: "a", wrong: [[0, 3], [1]]),
      result("bim", from: "b", wrong: [[1], [2, 3]]),
    ]
    let cases = results.worstCases([
      plan("fgsm", FastGradientSign()), plan("bim", BasicIterativeMethod()),
    ])
    for row in cases {
      for cell in results.flatMap({ $0.cells() }) where cell.victim == row.victim {
        #expect(row.rightUnderAll <= cell.correct)
      }
    }
  }

  @Test(
    "every example of an image must be correct, and attacks on fewer images are left out")
  func several() throws {
    let results = [
      result("fgsm", from: "a", wrong: [[0], []], count: 4, perImage: 2),
      result("bim", from: "a", wrong: [[0], [0]], count: 1),
    ]
    let cases = results.worstCases([
      plan("fgsm", FastGradientSign()), plan("bim", BasicIterativeMethod()),
    ])
    #expect(cases.map(\.attacks) == [["fgsm"], ["fgsm"]])
    #expect(cases.map(\.images) == [2, 2] && cases.map(\.rightUnderAll) == [1, 2])
  }
}

extension [TransferResult] {
  fileprivate func worstCases(_ plans: [AttackPlan]) -> [WorstCase] {
    worstOutcomes(plans.map(\.sizeOfBudget)).worstCases()
  }
}
