import Datasets
import Explanations
import ForeignModels
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Explanations that a run stores")
struct StoredExplanationsTests {
  private let folder = TemporaryFolder()

  private func experiment(_ explain: String, sample: String = "count: 12") throws -> Experiment {
    let text = """
      data: { name: synthetic, train: 200, test: 40 }
      models: { normal: { architecture: mlp 20, epochs: 2 } }
      attacks: { fgsm: { epsilons: [0.1] } }
      \(sample)
      explain: \(explain)
      """
    return try Experiment(.yaml(text, file: "run.yaml", folder: folder.url))
  }

  private func run(
    _ explain: String, in name: String = "out", sample: String = "count: 12"
  ) throws -> (grid: Grid, stored: StoredExplanations, log: [String]) {
    let place = folder.appending(name)
    let grid = try #require(
      try ExperimentRun(experiment(explain, sample: sample), folder: RunFolder(place)).run()
    ).grid
    let model = try #require(grid.explanations?.first)
    let stored = try #require(StoredExplanations.stored(for: model, in: place))
    let log = try String(contentsOf: place.appending(path: "log.jsonl"), encoding: .utf8)
      .split(separator: "\n").map(String.init)
    return (grid, stored, log)
  }

  @Test("the stored explanations are those of the methods, for the first attacked examples")
  func content() throws {
    let found = try run(
      "{ methods: [gradient, occlusion: { size: 7 }], count: 3, trust: 5, top: 4 }")
    let stored = found.stored
    #expect(stored.images.shape == [3, 1, 28, 28])
    #expect(stored.contributions.shape == [2, 3, 784])
    #expect(stored.examples.map(\.index) == [0, 1, 2])
    let model = try LoadedModel(folder.appending("out/models/normal.safetensors")).classifier
    let gradient = InputGradient().explain(
      ExplainedBatch(
        stored.images, labels: Tensor(labels: [0, 0, 0]), of: model,
        draws: ExampleDraws(Seed(1), examples: [0, 1, 2]))
    ).contributions
    #expect(
      relativeError(stored.contributions.select(0, 0).contiguous, gradient.perPlace) < 1e-4)
    for (row, example) in stored.examples.enumerated() {
      #expect(example.features.map(\.count) == [4, 4])
      let largest = try #require(example.features[0].first)
      let own = stored.contributions.select(0, 0).contiguous.select(0, row).floats()
      #expect(abs(largest.contribution) == own.map(abs).max())
      #expect(largest.name == "x \(largest.place % 28) y \(largest.place / 28)")
    }
    let measures = try #require(found.grid.explanations?[0].measures)
    #expect(measures.contains { $0.measure == "rank_correlation" && $0.examples <= 5 })
    #expect(found.grid.explanations?[0].mean(.seconds, "occlusion") ?? 0 > 0)
    let table = try String(contentsOf: folder.appending("out/explanations.csv"), encoding: .utf8)
    #expect(table.split(separator: "\n").count == 1 + 3 * 2 * 4)
  }

  @Test("explanations are computed again only if something that they depend on has changed")
  func resumed() throws {
    func last(_ log: [String]) -> String { log.last { $0.contains("explain normal") } ?? "" }
    let first = try run("{ methods: [gradient], count: 2 }")
    #expect(last(first.log).contains("\"reused\":false"))
    let again = try run("{ methods: [gradient], count: 2 }")
    #expect(last(again.log).contains("\"reused\":true"))
    #expect(again.grid.explanations == first.grid.explanations)
    for changed in [
      "{ methods: [gradient], count: 3 }", "{ methods: [gradient], count: 2, trust: 1 }",
      "{ methods: [gradient], count: 2, class: 1 }", "{ methods: [smoothgrad], count: 2 }",
      "{ methods: [gradient: { scalar: loss }], count: 2 }",
    ] { #expect(last(try run(changed).log).contains("\"reused\":false"), "\(changed)") }
    let file = folder.appending("out/explanations/normal.safetensors")
    try Data("damaged".utf8).write(to: file)
    let mended = try run("{ methods: [gradient: { scalar: loss }], count: 2 }")
    #expect(last(mended.log).contains("\"reused\":false"))
  }

  @Test("a class that is asked for is explained, and drawn examples keep their places")
  func chosen() throws {
    let found = try run("{ methods: [gradient], count: 4, class: 7 }", sample: "sample: 20")
    let usual = try run("{ methods: [gradient], count: 4 }", in: "usual", sample: "sample: 20")
    #expect(found.grid.explanations?[0].explained == "7")
    #expect(found.grid.explanations?[0].methods[0].score == "the probability of '7'")
    #expect(found.stored.examples.map(\.predicted) == usual.stored.examples.map(\.predicted))
    for (row, example) in found.stored.examples.enumerated() {
      let same =
        relativeError(
          found.stored.contributions.select(1, row).contiguous,
          usual.stored.contributions.select(1, row).contiguous) < 1e-5
      #expect(same == (example.predicted == "7"))
    }
    let test = try experiment("{ methods: [gradient] }").data.load(
      .test, progress: ProgressDisplay(.quiet))
    let places = Tensor(labels: found.stored.examples.map(\.index))
    #expect(relativeError(test.batch(at: places).images, found.stored.images) == 0)
  }

  @Test("a method that the data cannot have is refused before anything is attacked")
  func refused() throws {
    let failure = #expect(throws: Failure.self) {
      try run("{ methods: [lime: { sampling: words }] }")
    }
    #expect(failure?.message.hasPrefix("explain: lime") == true, "\(failure?.message ?? "")")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.appending("out").path)
    #expect(!files.contains("models") && !files.contains("predictions"), "\(files)")
  }
}
