import Defenses
import Foundation
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("The entry another of an experiment")
struct AnotherPlanTests {
  /// An experiment with the models `normal` (trained) and `theirs` (from a file).
  private func experiment(
    _ another: String, training: String = "architecture: mlp, epochs: 1", more: String = ""
  ) throws -> Experiment {
    let text = """
      data: { name: synthetic, train: 100, test: 50 }
      models:
        normal: { \(training) }
        theirs: { file: theirs.safetensors }
        \(more)
      another: \(another)
      attacks: { fgsm: { epsilons: [0.1] }, pgd: { epsilons: [0.1] } }
      """
    return try Experiment(.yaml(text, file: "run.yaml", folder: TemporaryFolder().url))
  }

  private func failure(
    _ another: String, training: String = "architecture: mlp, epochs: 1", more: String = ""
  ) -> Failure? {
    do {
      _ = try experiment(another, training: training, more: more)
      return nil
    } catch { return error as? Failure }
  }

  @Test("the models that are looked for come after those of the file, with steps of their own")
  func steps() throws {
    let found = try experiment("{ of: normal, count: 3 }")
    #expect(found.models.map(\.name) == ["normal", "theirs", "normal-2", "normal-3"])
    let steps = found.steps.map(\.name)
    for step in ["model normal-3", "attack pgd from normal-2", "probe normal-3"] {
      #expect(steps.contains(step), "\(step)")
    }
    #expect(found.models[3].origin.needs == ["normal", "normal-2"])
    guard case .another(let third) = found.models[3].origin else {
      Issue.record("expected a model that is looked for")
      return
    }
    #expect(third.work.contains("needs normal, normal-2") && third.work.contains("rrr(lambda=1000"))
    #expect(third.recipe.defense.members.count == 1 && !third.usesMasks)
    #expect(third.recipe.settings.epochs == 1)
  }

  @Test("each model has a weight of its own, and the last one repeats")
  func weights() throws {
    func texts(_ lambda: String) throws -> [String] {
      try experiment("{ of: normal, count: 4, lambda: \(lambda) }").models.compactMap {
        guard case .another(let model) = $0.origin else { return nil }
        return model.recipe.defense.text
      }
    }
    func weights(_ lambda: String) throws -> [String?] {
      try texts(lambda).map { $0.firstMatch(of: /lambda=([0-9.]+)/).map { String($0.1) } }
    }
    #expect(try weights("7") == ["7.0", "7.0", "7.0"])
    #expect(try weights("[7, 1e6]") == ["7.0", "1000000.0", "1000000.0"])
    #expect(try weights("[7, 5, 0.5]") == ["7.0", "5.0", "0.5"])
    // One number in a list means what it means alone.
    #expect(try texts("[7]") == texts("7"))
  }

  @Test("models that are trained together are numbered from 1, and the others need the first")
  func together() throws {
    let found = try experiment("{ of: normal, count: 2, method: simultaneous, lambda: 3 }")
    #expect(found.models.map(\.name) == ["normal", "theirs", "normal-1", "normal-2"])
    #expect(found.models[2].origin.needs == [] && found.models[3].origin.needs == ["normal-1"])
    #expect(found.models[3].origin.recipe?.defense.text == "none")
  }

  @Test("an rrr that the model has already gives way, and other defenses stay")
  func defenses() throws {
    let found = try experiment(
      "{ of: normal, count: 2, lambda: 7 }",
      training: "architecture: mlp, epochs: 1, defense: [ { rrr: { lambda: 5 } }, "
        + "{ label-smoothing: { alpha: 0.2 } } ]")
    guard case .another(let second) = try #require(found.models.last).origin else {
      Issue.record("expected a model that is looked for")
      return
    }
    let text = second.recipe.defense.text
    #expect(text.contains("label-smoothing(alpha=0.2)") && text.contains("lambda=7"), "\(text)")
    #expect(!text.contains("lambda=5") && second.usesMasks)
  }

  @Test(
    "a resolved experiment is the same experiment",
    arguments: [
      "{ of: normal }", "{ of: normal, count: 2, method: simultaneous, lambda: 3 }",
      "{ of: normal, cutoff: 0.3, leastAccuracy: 0.9, leastNew: 0, count: 4 }",
      "{ of: normal, lambda: [1000, 1e6], count: 4 }",
      "{ of: normal, method: simultaneous, in: codes }\n"
        + "autoencoder: { pictures: \"white-squares:factors=free\", codes: 3, beta: 2 }",
    ])
  func resolved(_ another: String) throws {
    let first = try experiment(another)
    let second = try Experiment(.yaml(first.resolved(), file: "experiment.yaml"))
    #expect(second.another == first.another && second.autoencoder == first.autoencoder)
    #expect(second.models.map(\.name) == first.models.map(\.name))
    #expect(try second.resolved() == first.resolved())
  }

  @Test("a repetition looks for the same models")
  func repetition() throws {
    let second = try experiment("{ of: normal, count: 3 }").repetition(2)
    #expect(second.another?.count == 3 && second.models.map(\.name).contains("normal-3"))
  }

  @Test("settings that cannot be are refused, and the message says what to do")
  func refusals() throws {
    let cases: [(another: String, message: String)] = [
      ("{ count: 3 }", "of"), ("{ of: nrmal }", "there is no model 'nrmal'"),
      ("{ of: theirs }", "expected a model that the experiment trains"),
      ("{ of: normal, count: 1 }", "count"), ("{ of: normal, cutoff: 0 }", "above 0 and below 1"),
      ("{ of: normal, cutoff: 1 }", "above 0 and below 1"),
      ("{ of: normal, cutoff: 1.5 }", "cutoff"), ("{ of: normal, method: both }", "method"),
      ("{ of: normal, method: simultaneous, leastNew: 0.5 }", "leastNew says when to stop"),
      ("{ of: normal, lambda: -1 }", "lambda: expected numbers, each a number of at least 0"),
      ("{ of: normal, lambda: many }", "found 'many'"),
      ("{ of: normal, lambda: [] }", "at least one number, found an empty list"),
      ("{ of: normal, lambda: [1, -2] }", "found '-2'"),
      ("{ of: normal, lambda: [1, ten] }", "found 'ten'"),
      ("{ of: normal, lambda: [1, nan] }", "found 'nan'"),
      ("{ of: normal, lambda: [1, [2]] }", "found a list"),
      ("{ of: normal, lambda: { a: 1 } }", "found a mapping"),
      ("{ of: normal, count: 3, lambda: [1, 2, 3] }", "at most 2 of them"),
      ("{ of: normal, method: simultaneous, lambda: [1, 2] }", "expected one number, found a list"),
      ("{ of: normal, in: codes }", "the sequential method begins with 'normal'"),
      ("{ of: normal, method: simultaneous, in: codes }", "needs the entry 'autoencoder'"),
      ("{ of: normal }\nautoencoder: { codes: 3 }", "the experiment has none"),
      ("{ of: normal, method: simultaneous, in: codes }\nautoencoder: { codes: 1 }", "codes"),
      ("{ of: normal, method: simultaneous, in: codes }\nautoencoder: { depth: 1 }", "depth"),
      ("{ of: normal, method: simultaneous, in: pixels }", "in"),
      ("{ of: normal, contu: 3 }", "contu"),
    ]
    for (another, message) in cases {
      let found = try #require(failure(another), "\(another)")
      #expect(found.kind == .badData && found.message.contains(message), "\(found)")
      #expect(found.message.contains("run.yaml:"), "\(found)")
    }
    #expect(failure("{ of: nrmal }")?.hint?.contains("normal") == true)
  }

  @Test(
    "trainings that cannot be repeated with other masks, and names that occur twice, are refused")
  func refusedTrainings() throws {
    let few = failure(
      "{ of: normal }",
      training: "architecture: mlp, epochs: 1, annotated: 5, defense: { rrr: { lambda: 1 } }")
    #expect(few?.message.contains("annotated") == true, "\(String(describing: few))")
    let watched = failure(
      "{ of: normal, method: simultaneous }",
      training: "architecture: mlp, epochs: 3, validation: 10, keep: best")
    #expect(watched?.message.contains("keep: best") == true, "\(String(describing: watched))")
    let masked = failure(
      "{ of: normal }",
      training: "architecture: mlp, epochs: 3, validation: 10, "
        + "robustValidation: { attack: pgd, epsilon: 0.1, mask: nuisance }")
    #expect(
      masked?.message.contains("is limited by masks") == true, "\(String(describing: masked))")
    let twice = failure("{ of: normal }", more: "normal-2: { architecture: mlp, epochs: 1 }")
    #expect(twice?.message.contains("normal-2") == true, "\(String(describing: twice))")
  }

  @Test("each rule stops the search on its own, and neither does if its bound is 0")
  func rules() {
    let plan = AnotherPlan(leastAccuracy: 0.8, leastNew: 0.1)
    #expect(plan.stop(accuracy: 0.79, first: 1, known: 0) == .accuracy)
    #expect(plan.stop(accuracy: 0.41, first: 0.5, known: 0.5) == nil)
    #expect(plan.stop(accuracy: 0.9, first: 1, known: 0.95) == .explanations)
    #expect(plan.stop(accuracy: 0.9, first: 1, known: 0.85) == nil)
    // A model whose gradients are all zero has no new explanation.
    #expect(plan.stop(accuracy: 1, first: 1, known: nil) == .explanations)
    #expect(plan.stop(accuracy: 0.1, first: 1, known: 1) == .accuracy)
    let endless = AnotherPlan(leastAccuracy: 0, leastNew: 0)
    #expect(endless.stop(accuracy: 0, first: 1, known: 1) == nil)
    #expect(endless.stop(accuracy: 0, first: 1, known: nil) == nil)
  }
}
