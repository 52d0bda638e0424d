import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("Decision-based attacks")
struct DecisionBasedTests {
  /// Each attack with a budget of queries.
  static let attacks: [@Sendable (_ queries: Int) -> any SmallestPerturbationAttack] = [
    { HopSkipJump(queries: $0, samples: 20) },
    { HopSkipJump(norm: .linf, queries: $0, samples: 20) },
    { BoundaryAttack(queries: $0) },
    { SurFree(queries: $0) },
  ]

  /// A classifier that says nothing but its decision: 1 for the class that another one predicts,
  /// and 0 for the others.
  private struct DecisionOnly: Classifier {
    let classifier: any Classifier
    var inputShape: InputShape { classifier.inputShape }
    var classCount: Int { classifier.classCount }
    var valueRange: ClosedRange<Double> { classifier.valueRange }
    var device: Device { classifier.device }
    func logits(_ images: Tensor) -> Tensor {
      classifier.logits(images).predictedClasses.oneHot(classes: classCount)
    }
  }

  @Test(
    "the results do not change if the classifier tells its predicted class alone",
    arguments: attacks.indices)
  func decisions(_ index: Int) {
    for model in [TinyModel.all[1], TinyModel.all[7]] {
      let images = model.images.narrow(0, 0, 10)
      let goal = Goal.away(from: model.labels.narrow(0, 0, 10))
      let attack = Self.attacks[index](300)
      let found = [model.classifier, DecisionOnly(classifier: model.classifier)].map {
        attack.nearest(images, goal, against: $0, draws: .of(images, 31)).floats()
      }
      #expect(found[0] == found[1])
      #expect(found[0] != images.floats())
    }
  }

  @Test("an image never gets more queries than its budget", arguments: attacks.indices)
  func budgets(_ index: Int) {
    let model = TinyModel.all[7]
    // The last goal is one that noise does not reach, so all queries may go into the start.
    let never = Tensor(labels: [Int](repeating: 99, count: 100))
    let goals = [Goal.away(from: model.labels), .towards(never)]
    for queries in [1, 2, 3, 15, 40, 101, 500] {
      for (place, goal) in [(3, goals[0]), (8, goals[0]), (5, goals[1])] {
        let row = Tensor(labels: [place])
        let image = model.images.indexSelect(0, row)
        let counter = QueryCounter(model.classifier)
        _ = Self.attacks[index](queries).nearest(
          image, goal.at(row), against: counter, draws: .of(image, 32))
        #expect(counter.forwards <= queries, "\(counter.forwards) of \(queries)")
        #expect(counter.backwards == 0)
      }
      let counter = QueryCounter(model.classifier)
      _ = Self.attacks[index](queries).nearest(
        model.images, goals[0], against: counter, draws: .of(model.images, 33))
      #expect(counter.forwards <= queries * 100)
    }
  }

  @Test("more queries lead nearer to the image", arguments: attacks.indices)
  func queries(_ index: Int) {
    let model = TinyModel.all[3]
    let images = model.images.narrow(0, 0, 20)
    let goal = Goal.away(from: model.labels.narrow(0, 0, 20))
    let means = [20, 200, 2000].map { queries -> Double in
      let attack = Self.attacks[index](queries)
      let found = attack.nearest(images, goal, against: model.classifier, draws: .of(images, 34))
      return attack.norm.size(found - images).mean().scalar
    }
    #expect(means[1] < 0.9 * means[0] && means[2] < 0.9 * means[1], "\(means)")
  }

  @Test("SurFree's directions are orthogonal to the way back, whatever came earlier")
  func orthogonal() {
    let random = RandomSource(Seed(38))
    for features in [5, 200] {
      var earlier: [Tensor] = []
      func unit() -> Tensor {
        let x = random.normal([3, features])
        return x / Norm.l2.size(x).reshaped([3, 1])
      }
      for _ in 0..<20 {
        let along = unit()
        let found = SurFree.orthogonal(random.normal([3, features]), to: along, and: earlier)
        #expect((found * along).sum([1]).absolute.max().scalar < 1e-5)
        #expect((Norm.l2.size(found) - 1).absolute.max().scalar < 1e-4)
        earlier.append(found)
      }
    }
  }

  @Test("on a linear classifier the way is nearly the shortest one", arguments: attacks.indices)
  func shortest(_ index: Int) {
    let shape = InputShape(channels: 1, height: 6, width: 6)
    let weight = RandomSource(Seed(35)).normal([2, 36])
    var linear = LinearClassifier(inputShape: shape, weight: weight)
    linear.valueRange = -10...10
    let images = RandomSource(Seed(36)).uniform([8, 1, 6, 6], in: -0.5..<0.5)
    let goal = Goal.away(from: linear.predictions(images))
    let attack = Self.attacks[index](5000)
    let found = attack.nearest(images, goal, against: linear, draws: .of(images, 37))
    #expect(goal.isReached(linear.predictions(found)).all().isTrue)
    // The distance to the hyperplane: the gap of the logits divided by the dual norm of the
    // difference of their weights.
    let logits = linear.logits(images)
    let gap = (logits.select(1, 0) - logits.select(1, 1)).absolute
    let slope = (weight.select(0, 0) - weight.select(0, 1)).reshaped([1, -1])
    let dual = (attack.norm == .linf ? Norm.l1 : .l2).size(slope)
    let ratios = (attack.norm.size(found - images) / (gap / dual)).floats()
    #expect(ratios.allSatisfy { $0 > 0.9999 && $0 < 1.1 }, "\(ratios)")
  }

  @Test(
    "an image that no start moves to its target is unchanged, and the others reach theirs",
    arguments: attacks.indices)
  func targets(_ index: Int) {
    let model = TinyModel.all[5]
    let images = model.images.narrow(0, 0, 20)
    let labels = model.labels.narrow(0, 0, 20)
    let goal = Goal.towards(labels.equals(0).to(.int64), from: labels)
    let found = Self.attacks[index](400).nearest(
      images, goal, against: model.classifier, draws: .of(images, 38))
    let reached = goal.isReached(model.classifier.predictions(found))
    let changed = Norm.linf.size(found - images).isGreater(than: 0)
    // With two classes, a target is the same goal as any other class.
    #expect(reached.all().isTrue)
    #expect(changed.to(.float32).mean().scalar > 0.8)

    let shape = InputShape(channels: 1, height: 8, width: 8)
    let constant = ConstantClassifier(inputShape: shape, classCount: 4)
    let never = Goal.towards(Tensor(labels: [Int](repeating: 1, count: 20)))
    // With 400 queries all starts are tried, and with 30 the queries end before.
    for queries in [30, 400] {
      let kept = Self.attacks[index](queries).nearest(
        images, never, against: constant, draws: .of(images, 39))
      #expect(kept.floats() == images.floats())
    }
  }
}
