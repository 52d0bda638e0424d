import Defenses
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("A resolved experiment trains with the same defenses")
struct ResolvedDefenseTests {
  private let folder = TemporaryFolder()

  /// The plan of the experiment's only model.
  private func plan(_ experiment: Experiment) throws -> TrainingPlan {
    guard case .training(let plan) = experiment.models[0].origin else {
      throw Failure.badData("expected a model that is trained")
    }
    return plan
  }

  private func experiment(_ defense: String) throws -> Experiment {
    let shape = InputShape(channels: 1, height: 28, width: 28)
    for (seed, name) in ["m", "n+1"].enumerated() {
      let network = try Architecture.named("mlp").network(
        input: shape, classNames: (0..<10).map(String.init), seed: Seed(UInt64(seed)))
      try ModelFile.write(network, training: nil, to: folder.appending("\(name).safetensors"))
    }
    let text = """
      data: { name: synthetic, train: 100, test: 50 }
      models: { a: { architecture: mlp, epochs: 1, defense: \(defense) } }
      attacks: { fgsm: { epsilons: [0.1] } }
      """
    return try Experiment(.yaml(text, file: "run.yaml", folder: folder.url))
  }

  private func expectTheSame(_ defense: String) throws {
    let first = try experiment(defense)
    let second = try Experiment(.yaml(first.resolved(), file: "experiment.yaml"))
    #expect(try plan(second).defense.text == plan(first).defense.text)
    #expect(try plan(second).defense.dependencies == plan(first).defense.dependencies)
    #expect(try second.resolved() == first.resolved())
  }

  @Test("every defense keeps its defaults", arguments: DefenseRegistry.names)
  func defaults(_ name: String) throws {
    try expectTheSame(
      name == "ensemble-adversarial-training" ? "{ \(name): { sources: m.safetensors } }" : name)
  }

  @Test(
    "settings other than the defaults, and lists, are kept",
    arguments: [
      "{ adversarial-training: { attack: pgd, steps: 3, alpha: 0.05, clean: 0, labels: true, "
        + "epsilon: 0.2 } }",
      "{ gradient-regularization: { penalty: l1, lambda: 0.1, method: finite-difference, "
        + "step: 0.02 } }",
      "{ distillation: { temperature: 20, teacher: m.safetensors } }",
      "{ ensemble-adversarial-training: { sources: [m.safetensors, n+1.safetensors], attack: bim } }",
      "[{ adversarial-training: { epsilon: 0.3 } }, "
        + "{ gradient-regularization: { lambda: 100, weight: 0.5 } }]",
      "[none, { trades: { alpha: 0.01 } }, label-smoothing]",
      "[{ label-smoothing: { weight: 2 } }]",
    ])
  func chosen(_ defense: String) throws {
    try expectTheSame(defense)
  }

  @Test("files are found from the experiment's folder, and their weights are part of the request")
  func files() throws {
    let defense = try plan(
      experiment("{ ensemble-adversarial-training: { sources: [m.safetensors] } }")
    ).defense
    let model = folder.appending("m.safetensors")
    #expect(defense.text.contains("sources=\(model.path)"))
    #expect(defense.dependencies == ["0 source 0 \(try ModelFile(model).network.fingerprint)"])
    let missing = #expect(throws: Failure.self) {
      try experiment("{ distillation: { teacher: nowhere.safetensors } }")
    }
    #expect(missing?.message.contains("nowhere.safetensors") == true)
  }
}
