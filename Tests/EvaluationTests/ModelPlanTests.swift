import Datasets
import Defenses
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The models of an experiment")
struct ModelPlanTests {
  private func experiment(_ models: String, in folder: TemporaryFolder) throws -> Experiment {
    let text = """
      data: { name: synthetic, train: 200, test: 50 }
      models: { \(models) }
      attacks: { fgsm: { epsilons: [0, 0.1] } }
      """
    return try Experiment(.yaml(text, file: "run.yaml", folder: folder.url))
  }

  @Test(
    "a resolved experiment has the same models",
    arguments: [
      "a: { architecture: mlp, epochs: 3, validation: 50, patience: 2, keep: best }",
      "a: { validation: 50, robustValidation: { attack: bim, steps: 3, epsilon: 0.2 } }",
      "a: { validation: 50, robustValidation: { attack: bim, mask: nuisance } }",
      "a: { architecture: small, initialization: torch-default }",
      "a: { architecture: mlp }, b: { model: a, transform: jpeg 75 }",
      "a: { file: m.safetensors, transform: [jpeg 75, jpeg 10] }",
      "a: { architecture: mlp }, b: { epochs: 1 }, c: { ensemble: [a, b] }",
      "a: { optimizer: adamw, weightDecay: 0.01, schedule: cosine, transform: jpeg 9 }",
    ])
  func resolved(_ models: String) throws {
    let folder = TemporaryFolder()
    let first = try experiment(models, in: folder)
    let second = try Experiment(.yaml(first.resolved(), file: "experiment.yaml"))
    #expect(try second.resolved() == first.resolved())
    let plans = [first.models, second.models]
    #expect(plans[0].map(\.transform) == plans[1].map(\.transform))
    for (a, b) in zip(plans[0], plans[1]) {
      guard case .training(let one) = a.origin, case .training(let other) = b.origin else {
        continue
      }
      #expect(
        one.settings.validation == other.settings.validation
          && one.settings.patience == other.settings.patience)
      #expect(one.settings.keep == other.settings.keep)
      #expect(other.initialization == one.initialization)
      #expect(one.settings.robustValidation?.text == other.settings.robustValidation?.text)
    }
  }

  @Test(
    "a model that cannot be made is refused",
    arguments: [
      ("a: { epochs: 1, patience: 2 }", "validation"),
      ("a: { epochs: 1, keep: best }", "validation"),
      ("a: { robustValidation: { epsilon: 0.3 } }", "robustValidation needs the accuracy on held"),
      ("a: { validation: 9, robustValidation: { epsilo: 0.3 } }", "epsilo"),
      ("a: { validation: 9, robustValidation: pgd }", "a mapping"),
      ("a: { validation: 9, robustValidation: { mask: left } }", "mask: 'left' is not known"),
      ("a: { epochs: 3, defense: { trades: { warmup: 3 } } }", "less than the 3 epochs"),
      ("b: { model: a }, a: { epochs: 1 }", "no model 'a' before it"),
      ("a: { epochs: 1, transform: jpeg 0 }", "run.yaml:2"),
      ("a: { ensemble: [a] }", "no model 'a' before it"), ("a: { ensemble: [] }", "at least one"),
      ("a: {}, b: { ensemble: a, transform: jpeg 5 }", "transform"),
      ("a: {}, b: { ensemble: a }, c: { model: b }", "no weights"),
      ("a: {}, b: { ensemble: a, epochs: 2 }", "epochs"),
      ("a: { model: a }", "no model 'a' before it"), ("a: { model: b, epochs: 2 }", "epochs"),
    ])
  func refused(_ models: String, _ words: String) throws {
    let failure = #expect(throws: Failure.self) { try experiment(models, in: TemporaryFolder()) }
    let said = [failure?.message, failure?.hint].compactMap { $0 }.joined(separator: " ")
    #expect(said.contains(words))
  }

  @Test(
    "a model with a transform is attacked through it, and its weights are trained once"
  )
  func transformed() throws {
    let folder = TemporaryFolder()
    let plan = try experiment(
      "plain: { architecture: small, epochs: 1 }, jpeg: { model: plain, transform: jpeg 5 }",
      in: folder)
    let (grid, models) = try #require(
      try ExperimentRun(plan, folder: RunFolder(folder.appending("out"))).run())
    #expect(models.map(\.name) == ["plain", "jpeg"])
    #expect(models[0].fingerprint != models[1].fingerprint)
    #expect(
      grid.provenance.models.map(\.description) == [
        "small, 1 epoch", "small, 1 epoch",
      ])
    #expect(grid.provenance.models.map(\.defense) == ["none", "jpeg 5 at test time"])
    #expect(grid.provenance.models.map(\.isUndefended) == [true, false])
    let files = try FileManager.default.contentsOfDirectory(
      atPath: folder.appending("out/models").path
    ).sorted()
    #expect(files == ["plain.history.jsonl", "plain.safetensors"])
    // The gradients of its own examples pass through the transform.
    let cell = try #require(grid.cell(attack: "fgsm", epsilon: 0.1, source: "jpeg", victim: "jpeg"))
    let spent = try #require(grid.spending.first { $0.source == "jpeg" })
    #expect(cell.examples == 50 && spent.backwardsPerExample == 1)
    #expect(try #require(spent.reached.last?.norms["linf"]).mean > 0.05)
  }

  @Test("a model file that Crossfire wrote says its defense, and that of any other file is unknown")
  func files() throws {
    let folder = TemporaryFolder()
    let trained = try experiment(
      "a: { architecture: small, epochs: 1, defense: label-smoothing }", in: folder)
    let out = folder.appending("trained")
    _ = try ExperimentRun(trained, folder: RunFolder(out)).run()
    let ours = out.appending(path: "models/a.safetensors")
    try SafetensorsFile.write(
      try ModelFile(ours).network.state(), metadata: [:],
      to: folder.appending("weights.safetensors"))
    let plan = try experiment(
      "ours: { file: \(ours.path) }, "
        + "theirs: { file: weights.safetensors, architecture: small }", in: folder)
    let (grid, _) = try #require(
      try ExperimentRun(plan, folder: RunFolder(folder.appending("out"))).run())
    let models = grid.provenance.models
    #expect(models[0].defense?.hasPrefix("label-smoothing") == true)
    #expect(models[1].defense == nil)
    #expect(models.allSatisfy { !$0.isUndefended })
  }

  @Test("the logits and gradients of an ensemble are the mean of those of its models")
  func ensemble() throws {
    let folder = TemporaryFolder()
    let plan = try experiment(
      "a: { architecture: small, epochs: 1 }, b: { architecture: mlp, epochs: 1 }, "
        + "both: { ensemble: [a, b] }",
      in: folder)
    let (grid, models) = try #require(
      try ExperimentRun(plan, folder: RunFolder(folder.appending("out"))).run())
    #expect(grid.sources == ["a", "b", "both"] && grid.victims == ["a", "b", "both"])
    #expect(grid.provenance.models.map(\.description)[2] == "the mean logits of a, b")
    #expect(Set(models.map(\.fingerprint)).count == 3)
    let images = try SevenSegmentDigits().images(.test, count: 3).batch(0..<3).images
    let logits = models.map { $0.classifier.logits(images) }
    #expect(relativeError(logits[2], (logits[0] + logits[1]) / 2) < 1e-6)
    let gradients = models.map { $0.classifier.inputGradient(at: images) { $0.sum() } }
    #expect(relativeError(gradients[2], (gradients[0] + gradients[1]) / 2) < 1e-5)
  }

  @Test("models that take images of different shapes cannot form an ensemble")
  func mismatched() throws {
    let shapes = [
      InputShape(channels: 1, height: 8, width: 8), InputShape(channels: 1, height: 9, width: 8),
    ]
    let networks = try shapes.map {
      try Architecture.named("mlp").network(input: $0, classNames: ["a", "b"], seed: Seed(1))
    }
    #expect(throws: Failure.self) { try Ensemble(networks) }
    #expect(throws: Failure.self) { try Ensemble([]) }
  }
}
