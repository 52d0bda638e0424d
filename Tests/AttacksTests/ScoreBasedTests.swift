import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Score-based attacks")
struct ScoreBasedTests {
  private static let model = TinyModel.all[7]
  private static let images = model.images.narrow(0, 0, 20)
  private static let goal = Goal.away(from: model.labels.narrow(0, 0, 20))

  /// Each attack with the number of queries that it may make for an image.
  static let attacks: [(attack: any Attack, queries: Int)] = [
    (NaturalEvolution(queries: 1), 1), (NaturalEvolution(queries: 2), 2),
    (NaturalEvolution(queries: 53), 53), (NaturalEvolution(queries: 260), 260),
    (Bandits(queries: 1), 1), (Bandits(queries: 5), 5), (Bandits(queries: 200), 200),
    (OnePixel(population: 10, generations: 3), 41), (Pixle(restarts: 3, iterations: 7), 22),
  ]

  @Test("an image gets at most its queries, and no gradients", arguments: attacks.indices)
  func queries(_ index: Int) {
    let (attack, queries) = Self.attacks[index]
    // With this budget few images reach their goal, so that nearly all queries are used.
    let budget = attack.norm == .l0 ? 1.5 / 64 : 0.001
    for place in 0..<5 {
      let row = Tensor(labels: [place])
      let image = Self.images.indexSelect(0, row)
      let counter = QueryCounter(Self.model.classifier)
      _ = attack.sweep(
        image, Self.goal.at(row), epsilons: [budget], against: counter, draws: .of(image, 41))
      #expect(counter.forwards <= queries && counter.forwards >= queries / 2)
      #expect(counter.backwards == 0)
    }
  }

  @Test(
    "on a linear classifier every pixel ends at ±ε, opposite to the sign of its weight",
    arguments: [0, 1])
  func corners(_ index: Int) {
    let attacks: [any Attack] = [NaturalEvolution(queries: 4000), Bandits(queries: 4000)]
    let weights = [Float](repeating: 1, count: 9).enumerated().map { $0 % 2 == 0 ? 1 : -$1 }
    // A bias that no perturbation overcomes keeps the images in the batch.
    let classifier = Biased(
      LinearClassifier(
        inputShape: InputShape(channels: 1, height: 3, width: 3),
        weight: Tensor(weights + weights.map { -$0 }, shape: [2, 9])), [1e2, 0])
    let images = Tensor.full(0.5, shape: [3, 1, 3, 3])
    let goal = Goal.away(from: Tensor(labels: [0, 0, 0]))
    let found = attacks[index].sweep(
      images, goal, epsilons: [0.1], against: classifier, draws: .of(images, 42))[0]
    let expected = (0..<9).map { Float($0 % 2 == 0 ? 0.4 : 0.6) }
    let isThere = zip(found.floats(), expected + expected + expected).allSatisfy {
      abs($0 - $1) < 1e-5
    }
    #expect(isThere, "\(found.floats())")
  }

  @Test("the one-pixel attack finds the pixel and the colour with the largest weight")
  func pixel() {
    var weights = RandomSource(Seed(43)).uniform([36], in: -1..<1).floats()
    weights[17] = -3
    let classifier = Biased(
      LinearClassifier(
        inputShape: InputShape(channels: 1, height: 6, width: 6),
        weight: Tensor(weights + weights.map { -$0 }, shape: [2, 36])), [1e2, 0])
    let images = Tensor.full(0.5, shape: [4, 1, 6, 6])
    let goal = Goal.away(from: Tensor(labels: [0, 0, 0, 0]))
    let found = OnePixel(population: 60, generations: 40).sweep(
      images, goal, epsilons: [1.0 / 36], against: classifier, draws: .of(images, 44))[0]
    let changes = (found - images).flattened
    #expect(Norm.l0.size(changes).floats() == [1, 1, 1, 1])
    #expect(changes.select(1, 17).floats().allSatisfy { $0 > 0.49 })
  }

  @Test("with several pixels, children of the best candidate go further than those of random ones")
  func base() {
    let shape = InputShape(channels: 1, height: 8, width: 8)
    let weights = RandomSource(Seed(50)).normal([64])
    let classifier = Biased(
      LinearClassifier(
        inputShape: shape,
        weight: Tensor.concatenate([weights, -weights], along: 0).reshaped([2, 64])),
      [1e2, 0])
    let images = Tensor.full(0.5, shape: [6, 1, 8, 8])
    let goal = Goal.away(from: Tensor(labels: [0, 0, 0, 0, 0, 0]))
    let losses = [OnePixel.Base.best, .random].map { base in
      let found = OnePixel(population: 40, generations: 15, base: base).sweep(
        images, goal, epsilons: [4.0 / 64], against: classifier, draws: .of(images, 51))[0]
      return AttackLoss.margin.losses(classifier.logits(found), goal).mean().scalar
    }
    #expect(losses[0] > losses[1] + 0.5, "\(losses)")
  }

  @Test("a budget pays for whole pixels, with all of their channels", arguments: [0, 1])
  func wholePixels(_ index: Int) {
    let attacks: [any Attack] = [
      OnePixel(population: 10, generations: 2), Pixle(restarts: 10, iterations: 5),
    ]
    let shape = InputShape(channels: 3, height: 4, width: 4)
    let classifier = Biased(
      LinearClassifier(inputShape: shape, weight: RandomSource(Seed(45)).normal([2, 48])), [1e2, 0])
    let images = RandomSource(Seed(46)).uniform([5, 3, 4, 4])
    let goal = Goal.away(from: Tensor(labels: [0, 0, 0, 0, 0]))
    // 8 of 48 features pay for two pixels of three channels, and 2 for none.
    for (features, pixels) in [(8, 2), (2, 0)] {
      let found = attacks[index].sweep(
        images, goal, epsilons: [Double(features) / 48], against: classifier,
        draws: .of(images, 47))[0]
      let changed = found.differs(from: images).any([1]).to(.int64).flattened.sum([1]).int64s()
      #expect(changed.allSatisfy { $0 <= pixels })
      #expect(pixels == 0 || changed.contains { $0 > 0 })
    }
  }

  @Test("Pixle gives no pixel a value that the image does not have")
  func values() {
    let found = Pixle().sweep(
      Self.images, Self.goal, epsilons: [0.5], against: Self.model.classifier,
      draws: .of(Self.images, 48))[0]
    for place in 0..<20 {
      let known = Set(Self.images.select(0, place).floats())
      #expect(found.select(0, place).floats().allSatisfy(known.contains))
    }
    #expect(found.floats() != Self.images.floats())
  }
}
