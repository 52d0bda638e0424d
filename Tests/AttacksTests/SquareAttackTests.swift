import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("The Square attack")
struct SquareAttackTests {
  static let norms: [(norm: Norm, epsilon: Double)] = [(.linf, 0.05), (.l2, 0.5)]

  private func goal(_ model: TinyModel, targeted: Bool) -> Goal {
    targeted
      ? GoalRule.next.goal(
        for: model.labels, images: model.images, classifier: model.classifier,
        draws: .of(model.images, 1)
      ) : .away(from: model.labels)
  }

  @Test(
    "no image ends with a smaller loss than it began with", arguments: norms.indices, [false, true])
  func neverWorse(_ index: Int, _ targeted: Bool) throws {
    let (norm, epsilon) = Self.norms[index]
    for model in TinyModel.all where !model.name.hasSuffix("frozen") {
      let goal = goal(model, targeted: targeted)
      let attack = SquareAttack(norm: norm, queries: 40)
      let threat = attack.threat(epsilon, against: model.classifier)
      let found = attack.perturb(
        model.images, goal, within: threat, against: model.classifier, draws: .of(model.images, 2)
      )
      try Perturbation.check(found, of: model.images, within: threat, attack: "square")
      let loss: AttackLoss = targeted ? .crossEntropy : .margin
      let losses =
        loss.losses(model.classifier.logits(found), goal)
        - loss.losses(model.classifier.logits(model.images), goal)
      // Other images of the batch may change a logit's last bits.
      #expect(losses.min().scalar > -1e-4, "\(model)")
      #expect(losses.max().scalar > 0.01, "\(model)")
    }
  }

  @Test("in ℓ∞ every pixel that is not clipped is at ±ε")
  func corners() {
    let model = TinyModel.all[0]
    let attack = SquareAttack(queries: 30)
    let threat = attack.threat(0.05, against: model.classifier)
    let found = attack.perturb(
      model.images, .away(from: model.labels), within: threat, against: model.classifier,
      draws: .of(model.images, 3))
    let moved = Norm.linf.size(found - model.images).isGreater(than: 0)
    #expect(moved.to(.float32).mean().scalar > 0.5)
    let (before, after) = (
      model.images.rows(where: moved).floats(), found.rows(where: moved).floats()
    )
    for (x, y) in zip(before, after) { #expect(abs(abs(x - y) - 0.05) < 1e-6 || y == 0 || y == 1) }
  }

  @Test("in ℓ2 the perturbation has length ε where nothing is clipped")
  func lengths() {
    let shape = InputShape(channels: 2, height: 9, width: 12)
    let classifier = LinearClassifier(
      inputShape: shape, weight: RandomSource(Seed(4)).normal([3, 216]))
    let images = RandomSource(Seed(5)).uniform([8, 2, 9, 12], in: 0.4..<0.6)
    let goal = Goal.away(from: classifier.predictions(images))
    let attack = SquareAttack(norm: .l2, queries: 50)
    let threat = attack.threat(0.1, against: classifier)
    let found = attack.perturb(
      images, goal, within: threat, against: classifier, draws: .of(images, 6))
    let lengths = Norm.l2.size(found - images).floats().filter { $0 > 0 }
    #expect(lengths.count >= 6)
    #expect(lengths.allSatisfy { abs($0 - 0.1) < 1e-5 }, "\(lengths)")
  }

  @Test("it uses its whole query budget, and no gradients", arguments: norms.indices)
  func queries(_ index: Int) {
    let model = TinyModel.all[0]
    let counter = QueryCounter(model.classifier)
    let attack = SquareAttack(norm: Self.norms[index].norm, queries: 25)
    let threat = attack.threat(1e-4, against: counter)
    let goal = Goal.away(from: model.classifier.predictions(model.images))
    _ = attack.perturb(
      model.images, goal, within: threat, against: counter, draws: .of(model.images, 7))
    #expect(counter.forwards <= 26 * 100)
    #expect(counter.forwards > 20 * 100)
    #expect(counter.backwards == 0)
  }

  @Test("images that reach their goal at the start are unchanged, after one query")
  func reached() {
    let model = TinyModel.all[0]
    let counter = QueryCounter(model.classifier)
    let wrong = (model.classifier.predictions(model.images) + 1).equals(1).to(.int64)
    let found = SquareAttack().sweep(
      model.images, .away(from: wrong), epsilons: [0.1], against: counter,
      draws: .of(model.images, 8)
    )[0]
    #expect(found.floats() == model.images.floats())
    #expect(counter.forwards == 100)
  }

  @Test("an image's result does not depend on which other images leave", arguments: norms.indices)
  func alone(_ index: Int) {
    let (norm, epsilon) = Self.norms[index]
    let model = TinyModel.all[0]
    let images = model.images.narrow(0, 0, 12)
    let labels = model.labels.narrow(0, 0, 12).int64s().map(Int.init)
    // The first six images are active, or they are at their goal from the start.
    let goals = [labels, labels.enumerated().map { $0.offset < 6 ? 1 - $0.element : $0.element }]
    let ends = goals.map { labels in
      let attack = SquareAttack(norm: norm, queries: 60)
      let threat = attack.threat(epsilon, against: model.classifier)
      return attack.perturb(
        images, .away(from: Tensor(labels: labels)), within: threat, against: model.classifier,
        draws: .of(images, 9)
      ).narrow(0, 6, 6)
    }
    #expect((ends[0] - ends[1]).absolute.max().scalar < 1e-5)
  }

  @Test(
    "the sides of squares shrink to one pixel, and in ℓ2 to three pixels",
    arguments: [(28, 25), (8, 7), (2, 2), (1, 1)])
  func sides(_ size: Int, _ first: Int) {
    let threat = ThreatModel(.linf, epsilon: 1, valueRange: 0...1)
    let (stripes, bumps) = (StripeSquares(threat: threat), BumpSquares(threat: threat))
    #expect(stripes.side(share: 0.8, height: size, width: size) == first)
    #expect(stripes.side(share: 0.8 / 512, height: size, width: size) == 1)
    #expect(bumps.side(share: 0.8, height: size, width: size) == first)
    #expect(bumps.side(share: 0.8 / 512, height: size, width: size) == min(3, size))
  }

  @Test(
    "images of one pixel, one row or one column can be attacked",
    arguments: [(1, 1), (1, 6), (6, 1), (2, 3)])
  func small(_ height: Int, _ width: Int) throws {
    let shape = InputShape(channels: 1, height: height, width: width)
    let weight = RandomSource(Seed(10)).normal([2, height * width])
    let classifier = LinearClassifier(inputShape: shape, weight: weight)
    let images = RandomSource(Seed(11)).uniform([5, 1, height, width])
    let goal = Goal.away(from: classifier.predictions(images))
    for (norm, epsilon) in Self.norms {
      let attack = SquareAttack(norm: norm, queries: 60)
      let found = attack.sweep(
        images, goal, epsilons: [epsilon], against: classifier, draws: .of(images, 12))[0]
      try Perturbation.check(
        found, of: images, within: attack.threat(epsilon, against: classifier), attack: "square")
    }
  }
}
