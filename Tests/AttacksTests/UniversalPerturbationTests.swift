import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("The universal perturbation")
struct UniversalPerturbationTests {
  private let model = TinyModel.all[1]
  /// The images that are learned from, and those that are attacked.
  private var lesson: TrainingSample {
    TrainingSample(
      images: model.images.narrow(0, 0, 60), labels: model.labels.narrow(0, 0, 60))
  }
  private var attacked: (images: Tensor, labels: Tensor) {
    (model.images.narrow(0, 60, 40), model.labels.narrow(0, 60, 40))
  }

  private func prepared(_ settings: String, seed: UInt64 = 1) throws -> AttackPlan {
    try AttackCase(text: "uap \(settings)").plan().prepared(
      by: lesson, against: model.classifier, seed: Seed(seed))
  }

  private func examples(_ plan: AttackPlan, _ rows: Range<Int> = 0..<40) -> Tensor {
    let (images, labels) = attacked
    return plan.sweep(
      images.narrow(0, rows.lowerBound, rows.count),
      labels: labels.narrow(0, rows.lowerBound, rows.count), against: model.classifier
    ) { ExampleDraws(Seed(2).derive($0), examples: Array(rows)) }.adversarial[0]
  }

  private func accuracy(_ images: Tensor) -> Double {
    model.classifier.predictions(images).equals(attacked.labels).to(.float32).mean().scalar
  }

  /// With two classes, the single perturbations that DeepFool adds up point in opposite directions,
  /// so that it gains little.
  @Test(
    "it keeps the budget and fools more unseen images than random signs of the same size",
    arguments: [
      ("search=deepfool", 0.01), ("search=gradient", 0.2), ("search=gradient loss=margin", 0.2),
    ])
  func strength(_ settings: String, _ gain: Double) throws {
    let plan = try prepared("\(settings) epsilon=0.3")
    let found = examples(plan)
    let threat = plan.attack.threat(0.3, against: model.classifier)
    try Perturbation.check(found, of: attacked.images, within: threat, attack: "uap")
    let noise = SignNoise().sweep(
      attacked.images, .away(from: attacked.labels), epsilons: [0.3], against: model.classifier,
      draws: .of(attacked.images, 3))[0]
    #expect(accuracy(found) < accuracy(noise) - gain, "\(accuracy(found)) \(accuracy(noise))")
  }

  @Test("all images get one perturbation, up to the pixel range, whatever their batch")
  func universal() throws {
    let plan = try prepared("search=gradient epsilon=0.1")
    let found = examples(plan)
    // Where no image of the batch meets the end of the range, all moves are the same.
    let moves = (found - attacked.images).flattened
    let isFree = found.flattened.isGreater(than: 1e-6).and(found.flattened.isLess(than: 1 - 1e-6))
      .all([0])
    let spread = (moves - moves.mean([0], keep: true)).absolute.max([0])
    #expect(isFree.to(.float32).sum().scalar > 3)
    #expect(isFree.choose(spread, else: spread * 0).max().scalar < 1e-6)
    #expect(examples(plan, 7..<12).floats() == found.narrow(0, 7, 5).floats())
  }

  @Test("the ball of ℓ2 is kept, and a target is reached by more images than before")
  func targeted() throws {
    let plan = try prepared("search=gradient norm=l2 target=1 epsilon=2")
    let found = examples(plan)
    let threat = plan.attack.threat(2, against: model.classifier)
    try Perturbation.check(found, of: attacked.images, within: threat, attack: "uap")
    let others = attacked.labels.equals(1).inverted
    func reached(_ images: Tensor) -> Double {
      model.classifier.predictions(images).equals(1).and(others).to(.float32).sum().scalar
    }
    #expect(reached(found) > reached(attacked.images) + 5)
    // Images of the target's class are not attacked.
    let kept = others.inverted.nonzero.reshaped([-1])
    #expect(
      found.indexSelect(0, kept).floats() == attacked.images.indexSelect(0, kept).floats())
  }

  @Test("in a region, a perturbation that was learned in it fools more images than the rest of one")
  func region() throws {
    let region = Region(
      Tensor.range(64).isLess(than: 20).reshaped([1, 1, 8, 8]).expanded(attacked.images.shape))
    let goal = Goal.away(from: attacked.labels)
    func reached(_ goal: Goal) -> Double {
      let attack = UniversalPerturbation(.gradient)
      let threat = attack.threat(0.8, against: model.classifier)
      let found = attack.perturb(
        attacked.images, goal, within: threat, against: model.classifier,
        draws: .of(attacked.images, 4))
      let limited = region.limited(found, around: attacked.images)
      return goal.isReached(model.classifier.predictions(limited)).to(.float32).sum().scalar
    }
    #expect(reached(goal.within(region)) > reached(goal))
  }

  @Test("the same seed teaches the same perturbation, and another one another")
  func reproducible() throws {
    let first = examples(try prepared("epsilon=0.2 epochs=1"))
    #expect(examples(try prepared("epsilon=0.2 epochs=1")).floats() == first.floats())
    #expect(examples(try prepared("epsilon=0.2 epochs=1", seed: 9)).floats() != first.floats())
  }

  @Test("the learning ends with the first epoch that reaches the wanted share")
  func ends() throws {
    func passes(_ rate: String) throws -> Int {
      let counter = QueryCounter(model.classifier)
      _ = try AttackCase(text: "uap search=gradient rate=\(rate) epochs=4 epsilon=0.3").plan()
        .prepared(by: lesson, against: counter, seed: Seed(1))
      return counter.forwards
    }
    // An epoch passes the 60 images once for their gradients and once to see how many are fooled.
    #expect(try passes("0") == 120)
    #expect(try passes("1") <= 480)
  }
}
