import Attacks
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("Which victims the same examples fool")
struct OverlapTests {
  /// Eight examples with the label 0, and the predictions of three victims for them.
  private func result(perImage: Int = 1) -> TransferResult {
    let answers = [[0, 1, 1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 1, 0, 0, 1], [0, 0, 0, 1, 0, 0, 2, 1]]
    return TransferResult(
      attack: "fgsm", source: "a", victims: ["a", "b", "c"], epsilons: [0.25],
      predictions: Tensor(labels: answers.flatMap(\.self)).reshaped([1, 3, 8]),
      clean: Tensor.full(0, shape: [3, 8], type: .int64),
      labels: Tensor(labels: [Int](repeating: 0, count: 8)),
      targets: Tensor.full(-1, shape: [8], type: .int64),
      sizes: Tensor.zeros([1, Norm.allCases.count, 8]), examplesPerImage: perImage,
      cost: AttackCost(), computed: [])
  }

  @Test("every example is in one part, and the largest part comes first")
  func parts() {
    let overlap = result().overlaps()[0]
    #expect(overlap.examples == 8)
    let counts = Dictionary(uniqueKeysWithValues: overlap.parts.map { ($0.fooled, $0.examples) })
    #expect(counts == [[]: 2, ["a"]: 1, ["b"]: 1, ["c"]: 1, ["a", "b"]: 1, ["a", "b", "c"]: 2])
    #expect(overlap.parts.map(\.examples) == overlap.parts.map(\.examples).sorted(by: >))
  }

  @Test("a count among some victims does not depend on the others")
  func among() {
    let overlap = result().overlaps()[0]
    #expect(overlap.count(fooled: ["a", "b"], among: ["a", "b"]) == 3)
    #expect(overlap.count(fooled: ["a"], among: ["a", "b"]) == 1)
    #expect(overlap.count(fooled: ["b"], among: ["a", "b"]) == 1)
    #expect(overlap.count(fooled: [], among: ["a", "b"]) == 3)
  }

  @Test("the parts of a victim add up to the examples that it misclassifies")
  func marginals() {
    let result = result()
    for cell in result.cells() {
      let wrong = result.overlaps()[0].count(fooled: [cell.victim], among: [cell.victim])
      #expect(wrong == cell.examples - cell.correct)
    }
  }

  @Test("two victims are compared on the examples that only one of them classifies correctly")
  func comparison() throws {
    let comparison = result().overlaps()[0].comparison("a", "c")
    #expect(comparison.onlyFirst == 1 && comparison.onlySecond == 2)
    #expect(comparison.p == mcNemarExactTest(onlyFirst: 1, onlySecond: 2))
    #expect(result(perImage: 2).overlaps()[0].comparison("a", "c").p == nil)
  }

  @Test("the tables have the expected rows")
  func tables() {
    #expect(
      result().overlaps().comparisonsCSV() == """
        attack,epsilon,source,first,second,only_first_right,only_second_right,p
        fgsm,0.25,a,a,b,1,1,1
        fgsm,0.25,a,a,c,1,2,1
        fgsm,0.25,a,b,c,1,2,1

        """)
    #expect(result().overlaps().csv().split(separator: "\n").count == 7)
  }
}
