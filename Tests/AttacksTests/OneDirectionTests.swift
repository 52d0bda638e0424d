import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Gradient sign attacks take one step along one direction")
struct OneDirectionTests {
  let shape = InputShape(channels: 1, height: 2, width: 2)
  /// Pixels 1 and 3 have no weight.
  let linear = LinearClassifier(
    inputShape: InputShape(channels: 1, height: 2, width: 2),
    weight: Tensor([1, 0, -2, 0, -1, 0, 1, 0] as [Float], shape: [2, 4]))
  let image = Tensor([0.5, 0.5, 0.5, 0.5] as [Float], shape: [1, 1, 2, 2])

  private func run(_ attack: any Attack, _ goal: Goal, _ image: Tensor, _ epsilon: Double)
    -> [Float]
  {
    attack.sweep(image, goal, epsilons: [epsilon], against: linear, draws: .of(image, 0))[0]
      .floats()
  }

  @Test(
    "FGSM changes every pixel by ε, except where the gradient is zero"
  )
  func fgsm() {
    let goal = Goal.away(from: Tensor(labels: [0]))
    #expect(run(FastGradientSign(), goal, image, 0.25) == [0.25, 0.5, 0.75, 0.5])
  }

  @Test("TGSM moves towards its target, here with the same step as away from the other class")
  func tgsm() {
    let goal = Goal.towards(Tensor(labels: [1]))
    #expect(run(TargetedGradientSign(), goal, image, 0.25) == [0.25, 0.5, 0.75, 0.5])
    #expect(
      run(TargetedGradientSign(), .towards(Tensor(labels: [0])), image, 0.25) == [
        0.75, 0.5, 0.25, 0.5,
      ])
  }

  @Test("pixels stop at the ends of the valid range")
  func range() {
    let goal = Goal.away(from: Tensor(labels: [0]))
    let edge = Tensor([0.1, 0, 0.9, 1] as [Float], shape: [1, 1, 2, 2])
    #expect(run(FastGradientSign(), goal, edge, 0.3) == [0, 0, 1, 1])
    var wide = linear
    wide.valueRange = -1...1
    let moved = FastGradientSign().sweep(
      edge, goal, epsilons: [0.5], against: wide, draws: .of(edge, 0))[0].floats()
    #expect(zip(moved, [-0.4, 0, 1, 1] as [Float]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("against a constant classifier, images are unchanged", arguments: AttackRegistry.names)
  func zeroGradient(_ name: String) throws {
    let type = try AttackRegistry.type(named: name)
    guard !type.isControl else { return }
    let attack = try type.init(Settings.none())
    // A random start changes images by itself, and so does noise.
    guard !["pgd", "apgd", "rfgsm", "tpgd", "jitter"].contains(name) else { return }
    let constant = ConstantClassifier(inputShape: shape, classCount: 3)
    let images = RandomSource(Seed(1)).uniform([3, 1, 2, 2])
    let labels = Tensor(labels: [0, 1, 2])
    let goal = type.defaultGoal.goal(
      for: labels, images: images, classifier: constant, draws: .of(images, 2))
    for epsilon in [0.1, 1.0] {
      let same = attack.sweep(
        images, goal, epsilons: [epsilon], against: constant, draws: .of(images, 3))[0]
      #expect(same.floats() == images.floats())
    }
  }

  @Test(
    "an image's perturbation does not depend on the other images of its batch",
    arguments: TinyModel.all.indices)
  func alone(_ index: Int) {
    let model = TinyModel.all[index]
    let direction = { (range: Range<Int>) -> [Float] in
      let images = model.images.narrow(0, range.lowerBound, range.count)
      let labels = model.labels.narrow(0, range.lowerBound, range.count)
      let goal = Goal.away(from: labels)
      return FastGradientSign().direction(
        images, goal, against: model.classifier, draws: .of(images, 7)
      )
      .floats()
    }
    let together = direction(0..<9)
    let parts = [0..<1, 1..<4, 4..<9].flatMap { direction($0) }
    // A gradient of about zero may change its sign by rounding.
    let same = zip(together, parts).count { $0 == $1 }
    #expect(Double(same) / Double(together.count) > 0.99)
  }

  @Test(
    "a sweep of seven budgets costs one gradient, and equals single budgets",
    arguments: AttackRegistry.names)
  func sweep(_ name: String) throws {
    let type = try AttackRegistry.type(named: name)
    guard type is any OneDirectionAttack.Type else { return }
    let attack = try type.init(Settings.none())
    let model = TinyModel.all[0]
    let counting = CountingClassifier(model.classifier)
    let goal = type.defaultGoal.goal(
      for: model.labels, images: model.images, classifier: model.classifier,
      draws: .of(model.images, 4)
    )
    let epsilons = [0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7]
    let swept = attack.sweep(
      model.images, goal, epsilons: epsilons, against: counting, draws: .of(model.images, 5))
    #expect(counting.calls == 1)
    for (epsilon, images) in zip(epsilons, swept) {
      let threat = ThreatModel(attack.norm, epsilon: epsilon, valueRange: 0...1)
      let single = attack.perturb(
        model.images, goal, within: threat, against: model.classifier,
        draws: .of(model.images, 5))
      #expect(single.floats() == images.floats())
    }
  }
}
