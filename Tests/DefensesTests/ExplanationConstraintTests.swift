import Datasets
import ModelCore
import Support
import TestSupport
import Testing

@testable import Defenses

@Suite("Training with explanation constraints")
struct ExplanationConstraintTests {
  /// The defenses whose only effect is in the masks.
  static let masked: [any (Defense & Objective)] = [
    RightForTheRightReasons(lambda: 5), LogitGradientRegularization(lambda: 5),
    AverageExplanation(sigma: 0.5), ProjectedGradientExplanation(epsilon: 0.2),
    IntervalExplanation(epsilon: 0.1, epsilonStart: 0.1, cleanEnd: 0.5),
  ]

  private func step(_ network: Network, mask: Double) -> TrainingStep {
    let images = TinyTraining.data.batch(0..<20).images
    return TinyTraining.step(
      network, pass: .evaluation, masks: Tensor.full(mask, shape: images.shape))
  }

  @Test(
    "with masks of zeros, the gradient is that of plain training, up to its length",
    arguments: masked.indices)
  func noMask(_ index: Int) throws {
    let network = TinyTraining.network()
    let gradients = [CrossEntropy(), Self.masked[index] as any Objective].map { objective in
      objective.alone.terms(step(network, mask: 0)).total.gradient(of: network["5.weight"])
    }
    let length = gradients.map { $0.square.sum().squareRoot.scalar }
    let difference = gradients[0] / length[0] - gradients[1] / length[1]
    #expect(difference.absolute.max().scalar < 1e-5)
  }

  @Test("a penalty on squared gradients grows with the square of the mask")
  func squares() throws {
    let network = TinyTraining.network()
    func value(_ mask: Double) -> Double {
      RightForTheRightReasons().terms(step(network, mask: mask))[0].value.scalar
    }
    let whole = step(network, mask: 1).inputGradient { $0.logSoftmax().sum([1]) }
    #expect(abs(value(1) / (whole.square.sum().scalar / 20) - 1) < 1e-5)
    #expect(value(0) == 0)
    #expect(abs(value(0.5) / value(1) - 0.25) < 1e-5)
  }

  @Test("the norm of a gradient of zeros has the derivative 0, and not NaN")
  func zeroNorm() {
    let network = TinyTraining.network()
    let value = LogitGradientRegularization().terms(step(network, mask: 0))[0].value
    #expect(value.scalar == 0)
    for slope in value.gradients(of: network.learned) { #expect(slope.absolute.max().scalar == 0) }
  }

  @Test("adversarial examples within masks change masked features only, by at most ε")
  func projected() {
    let network = TinyTraining.network()
    let images = TinyTraining.data.batch(0..<20).images
    let masks = RandomSource(Seed(41)).uniform(images.shape).rounded
    let step = TinyTraining.step(network, pass: .evaluation, masks: masks)
    for clip in [false, true] {
      let examples = ProjectedGradientExplanation(epsilon: 0.2, clip: clip).examples(step)
      let change = (examples - images).absolute
      #expect((change * (1 - masks)).max().scalar == 0)
      #expect(change.max().scalar <= 0.2 + 1e-6)
      #expect(change.max().scalar > 0.15)
      #expect((examples.max().scalar <= 1) == clip)
    }
  }

  @Test("the schedules of interval bounds are linear, from the first step to the end")
  func schedules() throws {
    let objective = IntervalExplanation(epsilon: 0.4, clean: 0.8, cleanEnd: 0.2)
    let network = TinyTraining.network()
    let batch = TinyTraining.annotated.batch(0..<8)
    let weights = [0, 5, 10].map { epoch in
      let step = TrainingStep(
        network, batch, .evaluation, progress: TrainingProgress(epoch: epoch, epochs: 20))
      return objective.terms(step).map(\.weight)
    }
    for (found, share) in zip(weights, [0, 0.25, 0.5]) {
      #expect(abs(found[0] - (0.8 - 0.6 * share)) < 1e-12)
      #expect(abs(found[1] - (0.2 + 0.6 * share)) < 1e-12)
    }
    // With ε = 0 at the start, the worst case is the clean one.
    let start = objective.terms(TrainingStep(network, batch, .evaluation))
    #expect(abs(start[0].value.scalar - start[1].value.scalar) < 1e-5)
  }

  @Test("a network without interval bounds is refused before training, by the layer's name")
  func unbounded() throws {
    let layers = ["standardize", "flatten", "linear 10"]
    let description = try NetworkDescription(
      input: TinyTraining.data.shape, layers: LayerList(layers),
      classNames: TinyTraining.data.classNames)
    let network = try Network(description, initialization: .kaimingUniform, seed: Seed(1))
    for defense in [IntervalExplanation(), ContextualDecomposition()] as [any Defense] {
      let failure = #expect(throws: Failure.self) {
        try defense.objective(TinyTraining.preparation(network))
      }
      #expect(failure?.message.contains("'standardize'") == true)
    }
  }

  @Test("bounds that become infinite end the training with a message that names the term")
  func exploding() throws {
    let objective = IntervalExplanation(
      epsilon: 1e38, epsilonStart: 1e38, clean: 0.5, cleanEnd: 0.5)
    let failure = #expect(throws: Failure.self) {
      try Trainer(TinyTraining.settings(epochs: 1), objective: objective).train(
        TinyTraining.network(), on: TinyTraining.annotated, title: "test")
    }
    #expect(failure?.message.contains("worst case in masks = ") == true)
  }

  @Test("data without masks or groups are refused before training")
  func missing() throws {
    for (defense, what) in [
      (RightForTheRightReasons() as any Defense, "masks"), (GroupDRO(), "groups"),
    ] {
      let failure = #expect(throws: Failure.self) {
        let objective = try defense.objective(
          Preparation(TinyTraining.network(), data: TinyTraining.data) { _, _ in
            TinyTraining.network()
          })
        _ = try Trainer(TinyTraining.settings(epochs: 1), objective: objective).train(
          TinyTraining.network(), on: TinyTraining.data, title: "test")
      }
      #expect(failure?.message.contains("has no \(what)") == true)
    }
  }

  @Test("class weights are those of the formula, and equal classes weigh the same")
  func classWeights() {
    // w = ((N − n) / N) / (K − 1), with N = 10 and K = 3.
    let weights = WeightedCrossEntropy(counts: [5, 3, 2]).weights.floats().map(Double.init)
    for (found, expected) in zip(weights, [0.25, 0.35, 0.4]) {
      #expect(abs(found - expected) < 1e-7)
    }
    let step = TinyTraining.step(TinyTraining.network(), pass: .evaluation)
    let equal = WeightedCrossEntropy(counts: [Int](repeating: 7, count: 10)).terms(step).total
    #expect(abs(equal.scalar - CrossEntropy().terms(step).total.scalar) < 1e-5)
  }

  @Test("a group with larger losses gets a larger weight, and all weights add up to one")
  func groupWeights() throws {
    let objective = WeightedGroups(GroupDRO(stepSize: 0.5), counts: [10, 10])
    let step = TinyTraining.step(
      TinyTraining.network(), pass: .evaluation, on: TinyTraining.annotated)
    let losses = objective.groupLosses(step).detached.floats()
    _ = objective.terms(step)
    let weights = objective.weights.floats()
    #expect(abs(weights.reduce(0, +) - 1) < 1e-6)
    #expect((weights[0] > weights[1]) == (losses[0] > losses[1]))
    let saved = objective.state
    let other = WeightedGroups(GroupDRO(stepSize: 0.5), counts: [10, 10])
    try other.restore(saved)
    #expect(other.weights.floats() == weights)
    #expect(throws: Failure.self) {
      try WeightedGroups(GroupDRO(), counts: [1, 2, 3]).restore(saved)
    }
  }
}
