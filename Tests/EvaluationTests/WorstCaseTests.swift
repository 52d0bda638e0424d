import Attacks
import ModelCore
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
