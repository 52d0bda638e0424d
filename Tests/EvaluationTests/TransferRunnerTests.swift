import Attacks
import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("One attack on one source, shown to all victims")
struct TransferRunnerTests {
  private static let images = try! SevenSegmentDigits().images(.test, count: 30)

  private func network(_ seed: UInt64) throws -> Network {
    try Architecture.named("mlp").network(
      input: Self.images.shape, classNames: Self.images.classNames, seed: Seed(seed))
  }

  private func runner(
    _ plan: AttackPlan, _ source: any Classifier, batchSize: Int = 8
  ) throws -> TransferRunner {
    let contestant = Contestant(name: "a", classifier: source, fingerprint: "a")
    let other = Contestant(name: "b", classifier: try network(2), fingerprint: "b")
    return try TransferRunner(
      plan: plan, source: contestant, victims: [contestant, other], data: Self.images,
      seed: Seed(3),
      evaluator: Evaluator(batchSize: batchSize))
  }

  private let pgd = AttackPlan(
    name: "pgd", attack: ProjectedGradientDescent(StepSchedule(steps: 3, relative: 2.5)),
    goal: .untargeted,
    epsilons: [0.1, 0.2])

  @Test("an interrupted attack continues with the unfinished batch and ends with the same result")
  func resumes() throws {
    let folder = TemporaryFolder()
    let place = folder.appending("pgd.a.safetensors")
    let counter = QueryCounter(try network(1))
    let runner = try runner(pgd, counter)
    let journal = BatchJournal(for: place, request: runner.request)
    let whole = try runner.run(keep: 10, journal: journal) { _ in }
    let batches = try FileManager.default.contentsOfDirectory(
      atPath: folder.appending("\(place.lastPathComponent).batches").path)
    #expect(batches.count == 4)

    // As if the attack had been interrupted in the third batch of four.
    for lost in ["16-24", "24-30"] {
      try FileManager.default.removeItem(
        at: folder.appending("\(place.lastPathComponent).batches/\(lost).safetensors"))
    }
    let before = counter.backwards
    let again = try runner.run(keep: 10, journal: journal) { _ in }
    #expect(counter.backwards - before == 14 * 2 * 3)
    #expect(again.result.predictions.int64s() == whole.result.predictions.int64s())
    #expect(again.result.sizes.floats() == whole.result.sizes.floats())
    #expect(again.result.spending() == whole.result.spending())
    #expect(
      again.examples?.adversarial.map { $0.floats() }
        == whole.examples?.adversarial.map { $0.floats() })
    journal.remove()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test("the examples and predictions of a sample name the images by their place in the data set")
  func sample() throws {
    let folder = TemporaryFolder()
    let drawn = try Self.images.sample(12, seed: Seed(5))
    let contestant = Contestant(name: "a", classifier: try network(1), fingerprint: "a")
    let runner = try TransferRunner(
      plan: pgd, source: contestant, victims: [contestant], data: drawn, seed: Seed(3))
    let (result, examples) = try runner.run(keep: 12) { _ in }
    let set = try #require(examples)
    #expect(set.index.int64s() != Array(0..<12))
    let originals = Self.images.batch(at: set.index)
    #expect(set.original.floats() == originals.images.floats())
    #expect(set.label.int64s() == originals.annotations.labels.int64s())
    let file = folder.appending("pgd.a.safetensors")
    try PredictionFile.write(result, request: runner.request, to: file)
    let stored = try PredictionFile.read(file).result
    #expect(stored.index?.int64s() == set.index.int64s())
    let lines = try PredictionTable(file).csv.split(separator: "\n")
    #expect(lines[1].split(separator: ",")[5] == "\(set.index.int64s()[0])")
  }

  @Test(
    "batches of another request, with too few kept examples, or in damaged files are computed again"
  )
  func stale() throws {
    let folder = TemporaryFolder()
    let place = folder.appending("pgd.a.safetensors")
    let counter = QueryCounter(try network(1))
    let runner = try runner(pgd, counter)
    _ = try runner.run(keep: 0, journal: BatchJournal(for: place, request: "another")) { _ in }
    let journal = BatchJournal(for: place, request: runner.request)
    var before = counter.backwards
    _ = try runner.run(keep: 0, journal: journal) { _ in }
    #expect(counter.backwards - before == 30 * 2 * 3)
    before = counter.backwards
    _ = try runner.run(keep: 8, journal: journal) { _ in }
    #expect(counter.backwards - before == 8 * 2 * 3)
    let file = folder.appending("\(place.lastPathComponent).batches/0-8.safetensors")
    try Data(contentsOf: file).prefix(200).write(to: file)
    before = counter.backwards
    _ = try runner.run(keep: 8, journal: journal) { _ in }
    #expect(counter.backwards - before == 8 * 2 * 3)
  }

  @Test(
    "target: all makes an example of each image for every other class, whatever the batch size",
    arguments: [1, 7, 256])
  func allTargets(_ batchSize: Int) throws {
    let plan = AttackPlan(
      name: "tgsm", attack: TargetedGradientSign(), goal: .all, epsilons: [0.2], count: 5)
    let runner = try runner(plan, try network(1), batchSize: batchSize)
    let (result, examples) = try runner.run(keep: 2) { _ in }
    #expect(result.labels.count == 45)
    let (labels, targets) = (result.labels.int64s(), result.targets.int64s())
    for image in 0..<5 {
      let row = image * 9..<(image + 1) * 9
      #expect(Set(labels[row]).count == 1)
      #expect(Set(targets[row]) == Set(0..<10).subtracting(labels[row]))
    }
    let set = try #require(examples)
    #expect(set.count == 18)
    #expect(set.index.int64s() == [Int64](repeating: 0, count: 9) + [Int64](repeating: 1, count: 9))
    let cell = try #require(result.cells().first)
    #expect(cell.examples == 45 && cell.images == 5)
    #expect(cell.interval == wilsonInterval(successes: cell.accuracy * 5, of: 5))
  }

  @Test("a stored result is the measured one, without the seconds")
  func stored() throws {
    let folder = TemporaryFolder()
    let place = folder.appending("pgd.a.safetensors")
    let runner = try runner(pgd, try network(1))
    let (result, _) = try runner.run(keep: 0) { _ in }
    #expect(
      result.cost.forwards == 30 * 2 * 3 && result.cost.backwards == 30 * 2 * 3
        && result.cost.seconds > 0)
    try PredictionFile.write(result, request: "r", to: place)
    let read = try #require(PredictionFile.read(place, request: "r"))
    #expect(read.cells() == result.cells())
    #expect(read.spending() == result.spending())
    #expect(PredictionFile.read(place, request: "another") == nil)
    let reached = result.spending().reached
    #expect(reached.map(\.epsilon) == [0.1, 0.2])
    for sizes in reached {
      let largest = try #require(sizes.norms["linf"]?.largest)
      #expect(largest > sizes.epsilon * 0.9 && largest <= sizes.epsilon + 1e-6)
    }
  }

  @Test("success counts the examples whose unchanged images source and victim classify correctly")
  func success() throws {
    let plan = AttackPlan(
      name: "fgsm", attack: FastGradientSign(), goal: .untargeted, epsilons: [0.1, 0.3])
    let result = try runner(plan, network(1)).run(keep: 0) { _ in }.result
    let images = Self.images.batch(0..<30).images
    let labels = Self.images.batch(0..<30).labels.int64s()
    let right = try [1, 2].map { seed in
      zip(try network(seed).predictions(images).int64s(), labels).map { $0 == $1 }
    }
    for cell in result.cells() {
      let victim = cell.victim == "a" ? 0 : 1
      let budget = cell.epsilon == 0.1 ? 0 : 1
      let answers = result.predictions.select(0, budget).select(0, victim).int64s()
      let both = labels.indices.filter { right[0][$0] && right[victim][$0] }
      let fooled = both.count { answers[$0] != labels[$0] }
      #expect(cell.clean == .init(bothRight: both.count, keptRight: both.count - fooled))
    }
    // The counts are the same whether or not 0 is one of the budgets.
    let withZero = AttackPlan(
      name: "fgsm", attack: FastGradientSign(), goal: .untargeted, epsilons: [0, 0.1, 0.3])
    let cells = try runner(withZero, network(1)).run(keep: 0) { _ in }.result.cells()
    #expect(cells.filter { $0.epsilon > 0 } == result.cells())
    #expect(
      cells.filter { $0.epsilon == 0 }.allSatisfy { $0.clean?.bothRight == $0.clean?.keptRight })
  }
}

@Suite("Attacks that learn from training images")
struct LessonTests {
  private static let digits = SevenSegmentDigits()

  private func runner(
    _ training: LabelledImages?, seed: UInt64 = 3, batchSize: Int = 8
  ) throws -> TransferRunner {
    let images = try Self.digits.images(.test, count: 20)
    let network = try Architecture.named("mlp").network(
      input: images.shape, classNames: images.classNames, seed: Seed(1))
    let contestant = Contestant(name: "a", classifier: network, fingerprint: "a")
    let plan = AttackPlan(
      name: "uap", attack: UniversalPerturbation(.gradient, images: 40, epochs: 1),
      goal: .untargeted, epsilons: [0, 0.2])
    return try TransferRunner(
      plan: plan, source: contestant, victims: [contestant], data: images, seed: Seed(seed),
      evaluator: Evaluator(batchSize: batchSize), training: { training })
  }

  @Test("without training images the attack is refused")
  func refused() {
    let failure = #expect(throws: Failure.self) { try runner(nil) }
    #expect(failure?.message == "uap learns from training images, and there are none")
  }

  @Test("the result depends on the training images and the seed, and not on the batches")
  func lesson() throws {
    let training = try Self.digits.images(.train, count: 100)
    let sizes = try runner(training).run(keep: 0) { _ in }.result.sizes.floats()
    #expect(
      try runner(training, batchSize: 20).run(keep: 0) { _ in }.result.sizes.floats() == sizes)
    let request = try runner(training).request
    #expect(try runner(training).request == request)
    #expect(try runner(training, seed: 4).request != request)
    #expect(try runner(try Self.digits.images(.train, count: 90)).request != request)
  }
}
