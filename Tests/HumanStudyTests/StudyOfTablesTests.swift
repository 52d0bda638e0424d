import Datasets
import Evaluation
import ModelCore
import Support
import TestSupport
import Testing

@testable import HumanStudy

@Suite("A study needs pictures")
struct StudyOfTablesTests {
  @Test("examples that are rows of a table are refused, since they cannot be shown")
  func tables() {
    let rows = ExampleSet(
      origin: ExampleSet.Origin(
        data: "iris:test", classNames: ["a", "b"], valueRange: 0...1, source: "normal",
        sourceFingerprint: "", attack: "fgsm", norm: "linf", parameters: [:], epsilons: [0.1],
        seed: 1),
      original: Tensor.full(0.5, shape: [2, 4]), adversarial: [Tensor.full(0.6, shape: [2, 4])],
      label: Tensor([Int64(0), 1], shape: [2]), target: Tensor([Int64(1), 0], shape: [2]),
      index: Tensor([Int64(0), 1], shape: [2]),
      predicted: Tensor([Int64(1), 0], shape: [1, 2]),
      confidence: Tensor.full(0.9, shape: [1, 2]))
    let failure = #expect(throws: Failure.self) {
      try StudySampler(SampleSets.design("{ attack: fgsm, participants: 2 }"), sets: [rows])
    }
    #expect(failure?.kind == .badData)
    #expect(
      failure?.message == "a human study shows pictures; iris:test has rows of 4 numbers")
  }
}
