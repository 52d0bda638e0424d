import Attacks
import Datasets
import ForeignModels
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("The examples that are stored are those that were checked")
struct StoredExamplesTests {
  private static let shape = InputShape(channels: 1, height: 8, width: 8)

  @Test("a program that writes into its input changes neither images nor examples")
  func inPlace() throws {
    var notes = ModelNotes()
    notes.input = Self.shape
    let model = try LoadedModel(Fixture.file("inplace.pt"), notes: notes)
    let source = Contestant(
      name: "theirs", classifier: model.classifier, fingerprint: model.fingerprint)
    let pixels = RandomSource(Seed(1)).uniform([6] + Self.shape.sizes, in: 0..<255).bytes()
    let data = try LabelledImages(
      name: "noise", shape: Self.shape, classNames: ["a", "b", "c"], pixels: pixels,
      labels: [0, 1, 2, 0, 1, 2])
    let attacks: [any Attack] = [UniformNoise(), FastGradientSign(), SquareAttack(queries: 5)]
    for attack in attacks {
      let plan = AttackPlan(name: "a", attack: attack, goal: .untargeted, epsilons: [0, 0.1])
      let runner = try TransferRunner(
        plan: plan, source: source, victims: [source], data: data, seed: Seed(1),
        evaluator: Evaluator(batchSize: 4))
      let examples = try #require(try runner.run(keep: 6) { _ in }.examples)
      #expect(examples.original.floats() == data.batch(0..<6).images.floats())
      #expect(examples.adversarial[0].floats() == examples.original.floats())
      for (epsilon, images) in zip(plan.epsilons, examples.adversarial) {
        let threat = attack.threat(epsilon, against: model.classifier)
        try Perturbation.check(images, of: examples.original, within: threat, attack: "a")
      }
    }
  }
}
