import Datasets
import ModelCore
import Support
import Testing

@testable import Defenses

@Suite("Training on bounds")
struct BoundTrainingTests {
  /// Three classes of pictures, each a random pattern with noise.
  private static let data: LabelledImages = {
    let random = RandomSource(Seed(31))
    let labels = (0..<90).map { $0 % 3 }
    let patterns = random.uniform([3, 1, 6, 6]).indexSelect(0, Tensor(labels: labels))
    let images = (patterns + (random.uniform([90, 1, 6, 6]) - 0.5) * 0.3).clamped(to: 0...1)
    return try! LabelledImages(
      name: "patterns", shape: InputShape(channels: 1, height: 6, width: 6),
      classNames: ["a", "b", "c"], pixels: (images * 255 + 0.5).to(.uint8).bytes(),
      labels: labels.map(Int64.init))
  }()

  private static let layers = [
    "conv 4 kernel 3", "batchnorm", "relu", "flatten", "linear 16", "relu", "dropout 0.2",
    "linear 3",
  ]

  private func network() throws -> Network {
    try Network(
      NetworkDescription(
        input: Self.data.shape, layers: LayerList(Self.layers), classNames: Self.data.classNames),
      initialization: .xavierUniform, seed: Seed(32))
  }

  private func trained(_ defense: any Defense) throws -> Network {
    let network = try network()
    let objective = try defense.objective(
      Preparation(network, data: Self.data) { _, _ in network })
    let optimizer = Optimizer(.adam(rate: 5e-3, epsilon: 1e-8), for: network)
    for step in 0..<80 {
      let pass = Pass.training(dropout: Seed(UInt64(step)))
      let progress = TrainingProgress(epoch: step, epochs: 80)
      let now = TrainingStep(network, Self.data.batch(0..<90), pass, progress: progress)
      let loss = objective.terms(now).map { $0.value * $0.weight }.reduce(Tensor.zeros([]), +)
      optimizer.step(loss.gradients(of: network.learned))
    }
    return try network.frozen()
  }

  /// The share of images that interval bounds certify at a size.
  private func certified(_ network: Network, _ size: Double) throws -> Double {
    let batch = Self.data.batch(0..<90)
    let box = Bounds(around: batch.images, by: batch.images * 0 + size)
    let worst = try withoutGradients { try network.bounds(box) }.worstLogits(batch.labels)
    return worst.predictedClasses.equals(batch.labels).to(.float64).mean().scalar
  }

  @Test(
    "training on bounds certifies more than plain training",
    arguments: [IntervalTraining.name, LinearRelaxationTraining.name])
  func certifiesMore(_ name: String) throws {
    let plain = try trained(PlainTraining())
    let schedule = BoundSchedule(epsilon: 0.08, ramp: 0.5)
    let defense: any Defense =
      name == IntervalTraining.name
      ? IntervalTraining(schedule) : LinearRelaxationTraining(schedule)
    let robust = try trained(defense)
    let (before, after) = (try certified(plain, 0.06), try certified(robust, 0.06))
    #expect(after > before + 0.3, "\(before) and \(after)")
  }

  @Test(
    "with boxes of no size, the loss is that of the clean images",
    arguments: [IntervalTraining.name, LinearRelaxationTraining.name])
  func noSize(_ name: String) throws {
    // Without dropout, which bounds leave out.
    let network = try Network(
      NetworkDescription(
        input: Self.data.shape, layers: LayerList(Self.layers.filter { !$0.hasPrefix("dropout") }),
        classNames: Self.data.classNames), initialization: .xavierUniform, seed: Seed(33))
    let schedule = BoundSchedule(epsilon: 0, clean: 0.3, cleanEnd: 0.3)
    let objective: any Objective =
      name == IntervalTraining.name
      ? IntervalTraining(schedule) : LinearRelaxationTraining(schedule, beta: 0.5, betaEnd: 0.5)
    let step = TrainingStep(network, Self.data.batch(0..<30), .training(dropout: nil))
    let terms = objective.terms(step)
    #expect(terms.count == 2 && abs(terms[0].weight - 0.3) < 1e-12)
    #expect(abs(terms[0].value.scalar - terms[1].value.scalar) < 1e-4)
  }

  @Test("the linear bounds of CROWN-IBP are at least as tight as the intervals, in training too")
  func tighter() throws {
    let network = try network()
    let step = TrainingStep(network, Self.data.batch(0..<30), .training(dropout: nil))
    let box = Bounds(around: step.images, by: step.images * 0 + 0.02)
    let relaxation = try step.relaxation(on: InputSet(box))
    let linear = try relaxation.differences(step.labels)
    let interval = relaxation.intervalDifferences(step.labels)
    #expect((interval - linear).mean().scalar < 0)
    // The gradients of the bound arrive at all weights.
    let weights = network.learnedNames.filter { $0.hasSuffix("weight") }.map { network[$0] }
    let gradients = linear.sum().gradients(of: weights)
    #expect(gradients.allSatisfy { $0.isFinite.all().isTrue && $0.absolute.max().scalar > 0 })
  }

  @Test("a and ε change linearly up to the ramp and stay there")
  func schedule() {
    let schedule = BoundSchedule(epsilon: 0.4, clean: 1, cleanEnd: 0.5, ramp: 0.5)
    func share(_ epoch: Int) -> Double { schedule.share(TrainingProgress(epoch: epoch, epochs: 8)) }
    #expect([0, 1, 2, 4, 6].map(share) == [0, 0.25, 0.5, 1, 1])
  }
}
