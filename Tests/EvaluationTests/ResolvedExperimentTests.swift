import Attacks
import Evaluation
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("A resolved experiment is the same experiment")
struct ResolvedExperimentTests {
  private func experiment(_ attack: String, in folder: TemporaryFolder) throws -> Experiment {
    let text = """
      data: { name: synthetic, train: 100, test: 50 }
      models: { a: { architecture: mlp, epochs: 1 } }
      attacks:
        mine: \(attack)
      """
    return try Experiment(.yaml(text, file: "run.yaml", folder: folder.url))
  }

  private func expectTheSame(_ attack: String) throws {
    let folder = TemporaryFolder()
    let shape = InputShape(channels: 1, height: 28, width: 28)
    let network = try Architecture.named("mlp").network(
      input: shape, classNames: (0..<10).map(String.init), seed: Seed(1))
    try ModelFile.write(network, training: nil, to: folder.appending("m.safetensors"))
    let first = try experiment(attack, in: folder)
    let second = try Experiment(.yaml(first.resolved(), file: "experiment.yaml"))
    #expect(second.attacks[0].text == first.attacks[0].text)
    #expect(second.attacks[0].epsilons == first.attacks[0].epsilons)
    #expect(try second.resolved() == first.resolved())
  }

  @Test("every attack keeps its defaults", arguments: AttackRegistry.names)
  func defaults(_ name: String) throws {
    let model = name == SurrogateTransfer.name ? ", model: m.safetensors" : ""
    try expectTheSame("{ attack: \(name), epsilons: [0.1, 0.2]\(model) }")
  }

  @Test(
    "settings other than the defaults are kept",
    arguments: [
      "{ attack: pgd, norm: l2, steps: 7, alpha: 0.3, restarts: 2, start: original, "
        + "views: [di, vmi], epsilon: 2 }",
      "{ attack: fgsm, loss: margin, source: probabilities, labels: predicted, epsilon: 0.3 }",
      "{ attack: jsma, gamma: 0.145, form: single, theta: -1, target: all, examples: 5 }",
      "{ attack: surrogate, model: m.safetensors, of: apgd, norm: l2, epsilon: 1 }",
      "{ attack: bisection, of: pgd, norm: l1, upper: 4, epsilon: 2 }",
      "{ attack: autoattack, norm: l2, queries: 10, epsilon: 1 }",
    ])
  func chosen(_ attack: String) throws {
    try expectTheSame(attack)
  }

  @Test("the notes on a model from a file are kept")
  func notes() throws {
    let text = """
      data: { name: synthetic, test: 50 }
      models:
        theirs:
          file: theirs.pth
          layers: ["normalize mean 0.5,0.4,0.3 std 1,1,1", "flatten", "linear 10"]
          input: 3x28x28
          classes: [zero, "1", "two, three"]
          normalize: { mean: [0.1307], std: [1e-2] }
          channels: bgr
          range: [0, 255]
          layout: nchw
          transform: jpeg 75
      attacks: { fgsm: { epsilons: [0.1] } }
      """
    let first = try Experiment(.yaml(text, file: "run.yaml", folder: TemporaryFolder().url))
    let second = try Experiment(.yaml(first.resolved(), file: "experiment.yaml"))
    guard case .file(_, let notes) = first.models[0].origin,
      case .file(_, let again) = second.models[0].origin
    else {
      Issue.record("a model from a file was expected")
      return
    }
    #expect(
      notes == again && notes.channels == .bgr && notes.classNames == ["zero", "1", "two, three"])
    #expect(second.models[0].transform == first.models[0].transform)
  }
}
