import Foundation
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("The repetitions of an experiment from other seeds")
struct RepeatsTests {
  @Test("the data of a repetition are those of its number where they have the word repetition")
  func dataOfRepetitions() throws {
    func experiment(_ data: String) throws -> Experiment {
      let text = """
        data: \(data)
        models: { a: { architecture: mlp, epochs: 1 } }
        attacks: { fgsm: { epsilons: [0, 0.1] } }
        repeats: 3
        """
      return try Experiment(.yaml(text, file: "run.yaml"))
    }
    let own = try experiment("{ name: iris-cancer, split: repetition, train: 60 }")
    let third = own.repetition(3).data
    #expect(third.reference.description == "iris-cancer:split=3" && third.train == 60)
    let (first, other) = (try own.data.load(.train), try third.load(.train))
    #expect(first.fingerprint != other.fingerprint && other.count == 60)
    #expect(
      try own.data.load(.test).fingerprint
        == experiment("{ name: iris-cancer, split: 1 }").data.load(.test).fingerprint)
    let fixed = try experiment("{ name: iris-cancer, split: 5 }")
    #expect(fixed.repetition(3).data.reference.description == "iris-cancer:split=5")
  }

  @Test("mean, standard deviation and range are those of the repetitions' grids")
  func repeated() throws {
    let folder = TemporaryFolder()
    let text = """
      data: { name: synthetic, train: 200, test: 50 }
      models: { a: { architecture: small, epochs: 1 }, b: { architecture: mlp, epochs: 1 } }
      attacks: { fgsm: { epsilons: [0, 0.1] } }
      repeats: 3
      """
    let out = folder.appending("out")
    let experiment = try Experiment(.yaml(text, file: "run.yaml", folder: folder.url))
    let grid = try #require(try ExperimentRun(experiment, folder: RunFolder(out)).run()).grid
    let others = try [2, 3].map { try Grid.read(out.appending(path: "repeats/\($0)/grid.json")) }
    #expect(
      grid.repeats.count == grid.cells.count
        && Set(([grid] + others).map(\.provenance.seed)).count == 3)
    #expect(
      others[0].provenance.models.map(\.fingerprint) != grid.provenance.models.map(\.fingerprint))
    for (cell, repeated) in zip(grid.cells, grid.repeats) {
      let accuracies = ([grid] + others).compactMap {
        $0.cell(
          attack: cell.attack, epsilon: cell.epsilon, source: cell.source, victim: cell.victim)?
          .accuracy
      }
      let mean = accuracies.reduce(0, +) / 3
      let variance = accuracies.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 2
      #expect(repeated.accuracies == accuracies && repeated.varied == .training)
      #expect(
        abs(repeated.mean - mean) < 1e-12
          && abs(repeated.standardDeviation - variance.squareRoot()) < 1e-12)
      #expect(repeated.range.contains(repeated.mean))
    }
    #expect(grid.repeats.limits == nil)
    try grid.write(to: out)
    #expect(try Grid.read(out.appending(path: "grid.json")) == grid)
    #expect(
      try String(contentsOf: out.appending(path: "repeats.csv"), encoding: .utf8)
        == grid.repeats.csv())
  }

  /// The repeated cells of an experiment on a model that a file has.
  private func repeated(_ attacks: String) throws -> [RepeatedCell] {
    let folder = TemporaryFolder()
    let data = "data: { name: synthetic, train: 200, test: 50 }"
    let trained = try Experiment(
      .yaml(
        "\(data)\nmodels: { a: { architecture: mlp, epochs: 1 } }\n"
          + "attacks: { fgsm: { epsilon: 0.1 } }", file: "a.yaml", folder: folder.url))
    _ = try ExperimentRun(trained, folder: RunFolder(folder.appending("trained"))).run()
    let again = try Experiment(
      .yaml(
        "\(data)\nmodels: { a: { file: trained/models/a.safetensors } }\n"
          + "attacks: { \(attacks) }\nrepeats: 2", file: "b.yaml", folder: folder.url))
    let out = folder.appending("out")
    return try #require(try ExperimentRun(again, folder: RunFolder(out)).run()).grid.repeats
  }

  @Test("with a model from a file, the repetitions say that only the attack was repeated")
  func attackAlone() throws {
    let cells = try repeated("uniform-noise: { epsilons: [0.3] }")
    #expect(cells.map(\.varied) == [.attack])
    let limits = try #require(cells.limits)
    #expect(limits.contains("weights of a, so that only the attack was repeated"), "\(limits)")
    #expect(cells.csv().hasSuffix(",attack\n"))
  }

  @Test("if the attack draws no random numbers either, they say that nothing was repeated")
  func nothing() throws {
    let cells = try repeated("fgsm: { epsilons: [0.1] }")
    #expect(cells.map(\.varied) == [.nothing] && cells[0].standardDeviation == 0)
    let limits = try #require(cells.limits)
    #expect(limits.contains("fgsm gave the same results from every seed"), "\(limits)")
  }

  @Test("the sample standard deviation of 2, 4, 4, 4, 5, 5, 7, 9 tenths is 0.213809")
  func spread() {
    let cell = RepeatedCell(
      attack: "fgsm", epsilon: 0.1, source: "a", victim: "a",
      accuracies: [0.2, 0.4, 0.4, 0.4, 0.5, 0.5, 0.7, 0.9])
    #expect(
      abs(cell.mean - 0.5) < 1e-12
        && abs(cell.standardDeviation - (32.0 / 700).squareRoot()) < 1e-12)
  }

  @Test("a repetition is a step, and the report needs it")
  func steps() throws {
    let text = """
      data: { name: synthetic, train: 200, test: 50 }
      models: { a: { architecture: small, epochs: 1 } }
      attacks: { fgsm: { epsilons: [0, 0.1] } }
      repeats: 2
      """
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    let experiment = try Experiment(.yaml(text, file: "run.yaml", folder: folder.url))
    func run(_ patterns: String...) throws -> Grid? {
      try ExperimentRun(
        experiment, folder: RunFolder(out),
        steps: experiment.steps(matching: patterns)
      )
      .run()?.grid
    }
    #expect(try run("model a", "attack *", "probe a") == nil)
    let failure = #expect(throws: Failure.self) { try run("report") }
    #expect(
      failure?.message.contains("repetition 2: the step 'model a' has not been done") == true,
      "\(failure as Any)")
    #expect(try run("repetition 2") == nil)
    #expect(try #require(try run("report")).repeats.count == 2)
  }
}
