import Attacks
import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("A run records which set-up computed which results")
struct ProvenanceTests {
  private let folder = TemporaryFolder()
  /// A set-up on which no test runs.
  private let other = ComputationRecord(
    device: "cuda:7", threads: 99, crossfire: "0.1.0", libtorch: "1.13.0")

  private func run() throws -> Grid {
    let text = """
      data: { name: synthetic, train: 200, test: 40 }
      models: { a: { architecture: mlp, epochs: 1 }, b: { architecture: mlp, epochs: 1 } }
      attacks: { fgsm: { epsilons: [0, 0.1] } }
      """
    let experiment = try Experiment(.yaml(text, file: "run.yaml"))
    return try #require(
      try ExperimentRun(experiment, folder: RunFolder(folder.appending("out"))).run()
    ).grid
  }

  /// The names of the results that set-ups other than `other` computed.
  private func own(_ grid: Grid) -> [String] {
    grid.provenance.computations.filter { $0.by != other }.flatMap(\.results).sorted()
  }

  @Test("results of two set-ups are listed under each, and cells do not depend on them")
  func twoSetUps() throws {
    let first = try run()
    let all = [
      "attack fgsm from a", "attack fgsm from b", "model a", "model b", "probe a", "probe b",
    ]
    #expect(own(first) == all)
    #expect(first.provenance.computations.allSatisfy { $0.by != other })

    // As if another machine had computed one of the results.
    let place = RunFolder(looking: folder.appending("out")).predictions(attack: "fgsm", source: "b")
    let (stored, request) = try PredictionFile.read(place)
    let elsewhere = TransferResult(
      attack: stored.attack, source: stored.source, victims: stored.victims,
      epsilons: stored.epsilons, predictions: stored.predictions, clean: stored.clean,
      labels: stored.labels, targets: stored.targets, sizes: stored.sizes,
      examplesPerImage: stored.examplesPerImage, cost: stored.cost, computed: [other])
    try PredictionFile.write(elsewhere, request: request, to: place)

    let second = try run()
    #expect(
      second.provenance.computations.filter { $0.by == other } == [
        ComputedResults(by: other, results: ["attack fgsm from b"])
      ])
    #expect(own(second) == all.filter { $0 != "attack fgsm from b" })
    #expect(second.cells == first.cells)

    // This process computed most results, so its set-up is that of the run.
    var listed = second.provenance
    #expect(listed.computations != first.provenance.computations)
    listed.computations = first.provenance.computations
    #expect(listed == first.provenance && listed.threads == Engine.threads)
  }

  @Test("an attack that another set-up continued names both")
  func continued() throws {
    let images = try SevenSegmentDigits().images(.test, count: 20)
    let network = try Architecture.named("mlp").network(
      input: images.shape, classNames: images.classNames, seed: Seed(1))
    let source = Contestant(name: "a", classifier: network, fingerprint: "a")
    let plan = AttackPlan(
      name: "fgsm", attack: FastGradientSign(), goal: .untargeted, epsilons: [0.1])
    let runner = try TransferRunner(
      plan: plan, source: source, victims: [source], data: images, seed: Seed(1),
      evaluator: Evaluator(batchSize: 10))
    let journal = BatchJournal(
      for: folder.appending("fgsm.a.safetensors"), request: runner.request)
    let whole = try runner.run(keep: 0, journal: journal) { _ in }.result
    #expect(!whole.computed.contains(other))
    let batch = try #require(journal.read(10..<20))
    try journal.write(
      BatchOutcome(
        predictions: batch.predictions, clean: batch.clean, targets: batch.targets,
        sizes: batch.sizes, cost: batch.cost, computed: other, kept: batch.kept), 10..<20)
    let continued = try runner.run(keep: 0, journal: journal) { _ in }.result
    #expect(continued.computed.count >= 2 && continued.computed.last == other)
    #expect(continued.cells() == whole.cells())
  }
}
