import Attacks
import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

/// A classifier of rows that gives the class 0 with a probability, anew for each row and judgement.
private struct Chance: Classifier {
  let probability: Double
  let noise = RandomSource(Seed(5))
  var inputShape: InputShape { InputShape(features: 4) }
  var classCount: Int { 2 }
  var valueRange: ClosedRange<Double> { 0...1 }
  var device: Device { .cpu }

  func logits(_ images: Tensor) -> Tensor {
    let isFirst = noise.uniform([images.shape[0], 1]).isAtLeast(probability).inverted.to(.float32)
    return Tensor.concatenate([isFirst, isFirst * -1 + 1], along: 1)
  }
}

/// A classifier whose answer to a row is random, but belongs to the row and to how many times it
/// was shown, so that the order of the rows does not matter.
private final class Fickle: Classifier, @unchecked Sendable {
  private var shown: [String: Int] = [:]
  var inputShape: InputShape { InputShape(features: 4) }
  var classCount: Int { 2 }
  var valueRange: ClosedRange<Double> { 0...1 }
  var device: Device { .cpu }

  func logits(_ images: Tensor) -> Tensor {
    let values = images.floats()
    let classes = (0..<images.shape[0]).map { row -> Float in
      let name = "\(values[row * 4..<(row + 1) * 4])"
      shown[name, default: 0] += 1
      return Float(Seed(2).derive("\(name) \(shown[name] ?? 0)").value % 2)
    }
    let second = Tensor(classes, shape: [classes.count, 1])
    return Tensor.concatenate([second * -1 + 1, second], along: 1)
  }
}

@Suite("Examples that are judged several times")
struct JudgementTests {
  private func data(_ count: Int) throws -> LabelledImages {
    try LabelledImages(
      name: "rows", classNames: ["x", "y"],
      pixels: RandomSource(Seed(1)).uniform([count, 4], in: 0.3..<0.7),
      labels: [Int64](repeating: 0, count: count))
  }

  private func runner(
    _ classifier: any Classifier, count: Int = 30, judgements: Int
  ) throws -> TransferRunner {
    let contestant = Contestant(name: "a", classifier: classifier, fingerprint: "a")
    return try TransferRunner(
      plan: AttackPlan(
        name: "noise", attack: SignNoise(), goal: .untargeted, epsilons: [0, 0.1]),
      source: contestant, victims: [contestant], data: data(count), seed: Seed(3),
      evaluator: Evaluator(batchSize: 8), judgements: judgements)
  }

  private func network() throws -> Network {
    try Architecture.named("mlp").network(
      input: InputShape(features: 4), classNames: ["x", "y"], seed: Seed(1))
  }

  @Test("one judgement stores what an attack without judgements stores")
  func once() throws {
    let folder = TemporaryFolder()
    let one = try runner(network(), judgements: 1)
    let contestant = one.source
    let plain = try TransferRunner(
      plan: one.plan, source: contestant, victims: [contestant], data: one.data, seed: Seed(3),
      evaluator: Evaluator(batchSize: 8))
    #expect(one.request == plain.request)
    #expect(try runner(network(), judgements: 2).request != plain.request)
    let result = try one.run(keep: 0) { _ in }.result
    #expect(result.judged == nil && result.cells().allSatisfy { $0.judgements == nil })
    let file = folder.appending("a.safetensors")
    try PredictionFile.write(result, request: one.request, to: file)
    #expect(try !SafetensorsFile(file).contains("judged"))
    #expect(try PredictionTable(file).csv.split(separator: "\n")[0].hasSuffix("l1,l0"))
  }

  @Test("a model without random numbers has the same accuracy in each judgement and in the worst")
  func deterministic() throws {
    let once = try runner(network(), judgements: 1).run(keep: 0) { _ in }.result
    let result = try runner(network(), judgements: 4).run(keep: 0) { _ in }.result
    #expect(result.predictions.int64s() == once.predictions.int64s())
    for cell in result.cells() {
      let judgements = try #require(cell.judgements)
      #expect(judgements.correct == [Int](repeating: cell.correct, count: 4))
      #expect(judgements.standardDeviation == 0)
      #expect(judgements.worst == cell.accuracy && judgements.mean == cell.accuracy)
    }
  }

  @Test("answers that are right with probability p have the mean p and the worst case p^N")
  func probability() throws {
    let (p, n, count) = (0.8, 5, 4000)
    let result = try runner(Chance(probability: p), count: count, judgements: n).run(keep: 0) {
      _ in
    }.result
    for cell in result.cells() {
      let judgements = try #require(cell.judgements)
      func tolerance(_ share: Double, _ draws: Int) -> Double {
        5 * (share * (1 - share) / Double(draws)).squareRoot()
      }
      #expect(judgements.correct[0] == cell.correct)
      #expect(abs(judgements.mean - p) < tolerance(p, count * n))
      let worst = pow(p, Double(n))
      #expect(abs(judgements.worst - worst) < tolerance(worst, count))
      // The standard deviation of one judgement is √(p(1 − p)/n); its estimate from five is rough.
      let expected = (p * (1 - p) / Double(count)).squareRoot()
      #expect((expected / 4...expected * 3).contains(judgements.standardDeviation))
      #expect(judgements.range.contains(judgements.mean))
    }
  }

  @Test("an attack in parts has the judgements, and the file, of the undivided attack")
  func parts() throws {
    let folder = TemporaryFolder()
    let whole = try runner(Fickle(), judgements: 3)
    let result = try whole.run(keep: 0) { _ in }.result
    #expect(Set(result.cells().compactMap { $0.judgements?.standardDeviation }) != [0])
    let divided = try runner(Fickle(), judgements: 3)
    #expect(divided.request == whole.request)
    let journal = BatchJournal(for: folder.appending("p.safetensors"), request: divided.request)
    for part in AttackPart.all(2).reversed() {
      try divided.compute(part, keep: 0, journal: journal) { _ in }
      #expect(divided.isStored(part, keep: 0, in: journal))
    }
    let merged = try divided.run(keep: 0, journal: journal) { _ in }.result
    let files = ["whole", "merged"].map { folder.appending("\($0).safetensors") }
    for (file, result) in zip(files, [result, merged]) {
      try PredictionFile.write(result, request: whole.request, to: file)
    }
    #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]))
    #expect(try PredictionFile.read(files[0]).result.cells() == result.cells())
    let lines = try PredictionTable(files[0]).csv.split(separator: "\n")
    #expect(lines[0].hasSuffix(",judgements,right_judgements"))
    let right = try lines.dropFirst().map { line in
      let last = try #require(line.split(separator: ",").last)
      return try #require(Int(last))
    }
    let judgements = try result.cells().map { try #require($0.judgements) }
    let expected = judgements.flatMap(\.correct).reduce(0, +)
    #expect(right.reduce(0, +) == expected)
    let always = judgements.map(\.alwaysCorrect).reduce(0, +)
    #expect(right.count { $0 == 3 } == always)
  }

  @Test("batches with another number of judgements are computed again")
  func stale() throws {
    let folder = TemporaryFolder()
    let place = folder.appending("p.safetensors")
    let journal = BatchJournal(for: place, request: "same")
    _ = try runner(network(), judgements: 1).run(keep: 0, journal: journal) { _ in }
    let again = try runner(network(), judgements: 3).run(keep: 0, journal: journal) { _ in }.result
    #expect(again.judged?.shape == [3, 2, 1, 30])
  }

  @Test("images that are not attacked are in no judgement")
  func excluded() throws {
    let contestant = Contestant(name: "a", classifier: try network(), fingerprint: "a")
    let rows = try LabelledImages(
      name: "rows", classNames: ["x", "y"], pixels: RandomSource(Seed(1)).uniform([30, 4]),
      labels: (0..<30).map { Int64($0 % 3 == 0 ? 1 : 0) })
    let cells = try TransferRunner(
      plan: AttackPlan(
        name: "tgsm", attack: TargetedGradientSign(), goal: .label(1), epsilons: [0.1]),
      source: contestant, victims: [contestant], data: rows, seed: Seed(3), judgements: 2
    ).run(keep: 0) { _ in }.result.cells()
    #expect(cells[0].examples == 20 && cells[0].judgements?.examples == 20)
    #expect(cells[0].judgements?.correct == [cells[0].correct, cells[0].correct])
  }

  // MARK: Files of a grid

  private let judged = GridCell(
    attack: "fgsm", epsilon: 0.1, source: "a", victim: "b", examples: 10, correct: 6,
    judgements: Judgements(examples: 10, correct: [6, 8], alwaysCorrect: 5))

  @Test("a cell keeps its judgements in JSON, and refuses counts that contradict each other")
  func json() throws {
    let text = String(decoding: try JSONEncoder().encode(judged), as: UTF8.self)
    #expect(text.contains("\"worst_accuracy\":0.5"))
    #expect(try JSONDecoder().decode(GridCell.self, from: Data(text.utf8)) == judged)
    for (old, new) in [
      ("\"judged_correct\":[6,8]", "\"judged_correct\":[6,11]"),
      ("\"judged_correct\":[6,8]", "\"judged_correct\":[4,8]"),
      ("\"judged_correct\":[6,8]", "\"judged_correct\":[]"),
      ("\"always_correct\":5", "\"always_correct\":-1"),
    ] {
      try #require(text.contains(old))
      #expect(throws: Failure.self) {
        try JSONDecoder().decode(GridCell.self, from: Data(text.replacing(old, with: new).utf8))
      }
    }
  }

  @Test("grid.csv has the columns of judgements only if there are any")
  func table() {
    let once = GridCell(
      attack: "fgsm", epsilon: 0.1, source: "a", victim: "c", examples: 10, correct: 6)
    func csv(_ cells: [GridCell]) -> [Substring] {
      Grid(
        cells: cells,
        provenance: Provenance(
          experiment: "e", data: "d", dataFingerprint: "ab", examples: 10, seed: 1, device: "cpu",
          threads: 1, crossfire: "1", libtorch: "2", models: [], attacks: [])
      ).csv().split(separator: "\n")
    }
    let lines = csv([judged, once])
    #expect(
      lines[0] == Grid.csvHeader + ",judgements,mean_accuracy,sd_accuracy,min_accuracy,"
        + "max_accuracy,worst_accuracy")
    #expect(lines[1].hasSuffix(",0,2,0.7,0.141421,0.6,0.8,0.5"))
    #expect(lines[2].hasSuffix(",0,,,,,,"))
    #expect(csv([once])[0] == Grid.csvHeader)
  }

  // MARK: Experiments

  private func experiment(_ more: String, in folder: TemporaryFolder) throws -> Experiment {
    let text = """
      data: { name: synthetic, train: 100, test: 20 }
      models: { a: { architecture: mlp, epochs: 1 } }
      attacks: { fgsm: { epsilons: [0, 0.1] } }
      \(more)
      """
    return try Experiment(.yaml(text, file: "run.yaml", folder: folder.url))
  }

  @Test("an experiment keeps the number of judgements, and the keys of its attacks depend on it")
  func settings() throws {
    let folder = TemporaryFolder()
    let (once, thrice) = (
      try experiment("", in: folder), try experiment("judgements: 3", in: folder)
    )
    #expect(try once.resolved() == experiment("judgements: 1", in: folder).resolved())
    #expect(try !once.resolved().contains("judgements"))
    #expect(try Experiment(.yaml(thrice.resolved(), file: "e.yaml")).judgements == 3)
    #expect(thrice.repetition(2).judgements == 3)
    let (first, second) = (try StepKeys(once), try StepKeys(thrice))
    #expect(
      once.steps.map { first($0) == second($0) }
        == once.steps.map {
          if case .model = $0 { true } else if case .probe = $0 { true } else { false }
        })
    #expect(throws: Failure.self) { try experiment("judgements: 0", in: folder) }
  }

  @Test("a run with judgements has the accuracies of one without, and the judgements beside them")
  func run() throws {
    let folder = TemporaryFolder()
    func grid(_ more: String, _ name: String) throws -> Grid {
      try #require(
        try ExperimentRun(
          experiment(more, in: folder), folder: RunFolder(folder.appending(name))
        ).run()
      ).grid
    }
    let (once, thrice) = (try grid("", "once"), try grid("judgements: 3", "thrice"))
    #expect(once.cells.map(\.correct) == thrice.cells.map(\.correct))
    #expect(
      thrice.cells.allSatisfy { $0.judgements?.correct == [$0.correct, $0.correct, $0.correct] })
    #expect(once.worstCases == thrice.worstCases && once.spending == thrice.spending)
  }
}
