import Support
import Testing

@testable import Evaluation

@Suite("An experiment is refused whose results would overwrite each other or mean nothing")
struct ExperimentChecksTests {
  private func experiment(models: String, attacks: String, more: String = "") throws -> Experiment {
    try Experiment(
      .yaml(
        """
        data: { name: synthetic, train: 60, test: 20 }
        models: { \(models) }
        attacks: { \(attacks) }
        \(more)
        """, file: "run.yaml"))
  }

  @Test("names whose files would coincide are refused")
  func files() throws {
    let attacks = "a: { attack: fgsm, epsilons: [0.1] }, a.b: { attack: fgsm, epsilons: [0.1] }"
    let expected = Failure.badData(
      "attack 'a' on model 'b.c' and attack 'a.b' on model 'c' would have the same file, "
        + "predictions/a.b.c.safetensors", hint: "give one of them another name")
    #expect(throws: expected) {
      try experiment(models: "b.c: { epochs: 1 }, c: { epochs: 1 }", attacks: attacks)
    }
    _ = try experiment(models: "b.c: { epochs: 1 }, d: { epochs: 1 }", attacks: attacks)
    #expect(throws: Failure.self) {
      try experiment(
        models: "a: { epochs: 1, defense: distillation }, a.teacher: { epochs: 1 }",
        attacks: "fgsm: { epsilons: [0.1] }")
    }
  }

  @Test("budgets of attacks and of defenses above the value range are refused before any training")
  func budgets() throws {
    let fgsm = "fgsm: { epsilons: [0.1] }"
    let plain = "a: { epochs: 1 }"
    for (models, attacks, name) in [
      (plain, "fgsm: { epsilons: [8] }", "fgsm"),
      ("\(plain), b: { epochs: 1, defense: { trades: { epsilon: 8 } } }", fgsm, "trades"),
      (
        "\(plain), b: { epochs: 1, defense: { adversarial-training: { epsilon: 8 } } }", fgsm,
        "adversarial-training"
      ),
    ] {
      let experiment = try experiment(models: models, attacks: attacks)
      let expected = Failure.usage(
        "\(name): the budget 8 is more than any pixel can change: the images have values from 0 "
          + "to 1", hint: "did you mean 8/255, which is 0.0314?")
      #expect(throws: expected) {
        try experiment.testImages(progress: ProgressDisplay(.quiet))
      }
    }
  }

  @Test("a sample is stored in the resolved experiment, and excludes a count")
  func sample() throws {
    let (models, attacks) = ("a: { epochs: 1 }", "fgsm: { epsilons: [0.1] }")
    let experiment = try experiment(models: models, attacks: attacks, more: "sample: 10")
    #expect(try experiment.resolved().contains("sample: 10"))
    let attacked = try experiment.testImages(progress: ProgressDisplay(.quiet)).attacked
    #expect(attacked.count == 10)
    #expect(attacked.histogram == [Int](repeating: 1, count: 10))
    #expect(
      throws: Failure.badData(
        "run.yaml:5: 'count' and 'sample' cannot both be given",
        hint: "count takes the first images, and sample draws them from all classes")
    ) {
      try self.experiment(models: models, attacks: attacks, more: "count: 10\nsample: 10")
    }
  }
}
