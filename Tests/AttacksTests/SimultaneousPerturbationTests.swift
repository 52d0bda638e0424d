import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite("SPSA follows an estimated gradient")
struct SimultaneousPerturbationTests {
  let shape = InputShape(channels: 1, height: 3, width: 3)
  let weight = Tensor(
    [1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1] as [Float], shape: [2, 9])
  let images = Tensor.full(0.5, shape: [3, 1, 3, 3])

  /// A classifier that always predicts class 0, because of a bias that no perturbation overcomes.
  private struct Stubborn: Classifier {
    let linear: LinearClassifier
    var inputShape: InputShape { linear.inputShape }
    var classCount: Int { 2 }
    var valueRange: ClosedRange<Double> { linear.valueRange }
    var device: Device { .cpu }
    func logits(_ images: Tensor) -> Tensor {
      linear.logits(images) + Tensor([1e3, 0] as [Float], shape: [1, 2])
    }
  }

  @Test("on a linear classifier every pixel ends at ±ε, opposite to the sign of its weight")
  func corners() {
    let classifier = Stubborn(linear: LinearClassifier(inputShape: shape, weight: weight))
    let attack = SimultaneousPerturbation(steps: 40)
    let goal = Goal.away(from: Tensor(labels: [0, 0, 0]))
    let found = attack.sweep(
      images, goal, epsilons: [0.1], against: classifier, draws: .of(images, 1))[0]
    let expected = (0..<9).map { Float($0 % 2 == 0 ? 0.4 : 0.6) }
    #expect(zip(found.floats(), expected + expected + expected).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("δ and the rate are in proportion to the pixel range")
  func ranges() {
    let narrow = Stubborn(linear: LinearClassifier(inputShape: shape, weight: weight))
    var linear = LinearClassifier(inputShape: shape, weight: weight * (1.0 / 256))
    linear.valueRange = 0...256
    let wide = Stubborn(linear: linear)
    let attack = SimultaneousPerturbation(steps: 5, samples: 8)
    let goal = Goal.away(from: Tensor(labels: [0, 0, 0]))
    let a = attack.sweep(images, goal, epsilons: [0.25], against: narrow, draws: .of(images, 2))[0]
    let threat = attack.threat(64, against: wide)
    // The random numbers that the sweep uses for this budget.
    let draws = ExampleDraws.of(images, 2)
    let b = attack.perturb(images * 256, goal, within: threat, against: wide, draws: draws)
    #expect((a - b / 256).absolute.max().scalar < 1e-4)
    #expect((a - images).absolute.max().scalar > 0.01)
  }

  @Test("a step costs 2·samples forward passes and one to check, and no gradients")
  func cost() {
    let counter = QueryCounter(
      Stubborn(linear: LinearClassifier(inputShape: shape, weight: weight)))
    let attack = SimultaneousPerturbation(steps: 4, samples: 300)
    _ = attack.sweep(
      images, .away(from: Tensor(labels: [0, 0, 0])), epsilons: [0.1], against: counter,
      draws: .of(images, 3))
    #expect(counter.forwards == 3 * (4 * 600 + 5))
    #expect(counter.backwards == 0)
  }

  @Test("images that reach their goal leave, and the others continue")
  func leaving() {
    let counter = QueryCounter(
      Stubborn(linear: LinearClassifier(inputShape: shape, weight: weight)))
    let attack = SimultaneousPerturbation(steps: 3, samples: 5)
    let goal = Goal.away(from: Tensor(labels: [1, 0, 1]))
    let found = attack.sweep(
      images, goal, epsilons: [0.1], against: counter, draws: .of(images, 4))[
        0]
    #expect(Norm.linf.size(found - images).floats().map { $0 > 0 } == [false, true, false])
    #expect(counter.forwards == 3 + 3 * 10 + 3)
  }

  @Test("it fools small networks, with and without a target", arguments: [false, true])
  func fools(_ targeted: Bool) {
    for model in [TinyModel.all[0], TinyModel.all[2]] {
      let images = model.images.narrow(0, 0, 20)
      let labels = model.labels.narrow(0, 0, 20)
      let goal: Goal =
        targeted
        ? GoalRule.next.goal(
          for: labels, images: images, classifier: model.classifier, draws: .of(images, 5))
        : .away(from: labels)
      let attack = SimultaneousPerturbation(steps: 60, samples: 32)
      let found = attack.sweep(
        images, goal, epsilons: [0.3], against: model.classifier, draws: .of(images, 6))[0]
      #expect(
        goal.isReached(model.classifier.predictions(found)).to(.float32).mean().scalar > 0.8,
        "\(model)")
    }
  }
}
