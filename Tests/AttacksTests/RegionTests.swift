import Attacks
import ModelCore
import Support
import TestSupport
import Testing

/// Each test states one law for all attacks with few steps, so that an attack takes part as soon as
/// it is registered.
@Suite("Every attack that masks limit changes nothing else")
struct RegionTests {
  private static let count = 12
  static let models = [1, 7]

  /// Masks of 0 and 1: the first image has none of its features in the nuisance, the second one all
  /// of them, and every other one a random half.
  private static func masks(of images: Tensor) -> Tensor {
    let half = RandomSource(Seed(71)).uniform(images.shape).isLess(than: 0.5).to(.float32)
    let rest = half.narrow(0, 2, images.shape[0] - 2)
    let first = images.narrow(0, 0, 1) * 0
    return Tensor.concatenate([first, first + 1, rest])
  }

  /// What a plan makes of some images of a model.
  private func attacked(
    _ plan: AttackPlan, _ model: TinyModel, masks: Tensor, places: [Int] = Array(0..<count),
    against classifier: (any Classifier)? = nil
  ) -> Tensor {
    let rows = Tensor(labels: places)
    return plan.sweep(
      model.images.indexSelect(0, rows), labels: model.labels.indexSelect(0, rows),
      masks: masks.indexSelect(0, rows), against: classifier ?? model.classifier
    ) { ExampleDraws(Seed(72).derive($0), examples: places) }.adversarial[0]
  }

  private func plan(_ attack: AttackCase, _ mask: MaskLimit?) throws -> AttackPlan {
    try AttackCase(text: attack.text + (mask.map { " mask=\($0.rawValue)" } ?? "")).plan()
  }

  private func expectLimited(_ plan: AttackPlan, _ model: TinyModel) throws {
    let images = model.images.narrow(0, 0, Self.count)
    let masks = Self.masks(of: images)
    let found = attacked(plan, model, masks: masks)
    let threat = plan.attack.threat(plan.epsilons[0], against: model.classifier)
    try Perturbation.check(
      found, of: images, within: threat, in: plan.region(masks), attack: plan.name)
    let untouched = plan.mask == .nuisance ? 0 : 1
    #expect(found.select(0, untouched).floats() == images.select(0, untouched).floats())
    // Attacks that leave an image alone unless they reach the goal may find nothing in few steps.
    let changes = found.narrow(0, 2, 10).differs(from: images.narrow(0, 2, 10)).any().isTrue
    let mayFindNothing =
      plan.attack is AutoAttack || !type(of: plan.attack).searchesWithinBudget
    #expect(changes || mayFindNothing)
  }

  @Test(
    "an attack changes only what the masks let it change, and an empty part keeps its bits",
    arguments: AttackCase.all, [MaskLimit.nuisance, .core])
  func limited(_ attack: AttackCase, _ mask: MaskLimit) throws {
    for index in Self.models {
      try expectLimited(try plan(attack, mask), TinyModel.all[index])
    }
  }

  @Test("transfer from a surrogate is limited like the attack that makes the examples")
  func surrogate() throws {
    let model = TinyModel.all[0]
    let network = try #require(model.classifier as? Network)
    let attack = try SurrogateTransfer(of: BasicIterativeMethod(), on: network)
    let plan = AttackPlan(
      name: "surrogate", attack: attack, goal: .untargeted, mask: .nuisance, epsilons: [0.2])
    try expectLimited(plan, model)
  }

  @Test(
    "an attack changes nothing outside of a region even if it is called without a plan",
    arguments: AttackCase.all)
  func called(_ attack: AttackCase) throws {
    let (plan, model) = (try attack.plan(), TinyModel.all[1])
    let images = model.images.narrow(0, 0, Self.count)
    let region = MaskLimit.nuisance.region(Self.masks(of: images))
    let goal = plan.goal.goal(
      for: model.labels.narrow(0, 0, Self.count), images: images, classifier: model.classifier,
      draws: .of(images, 73)
    ).within(region)
    let found = plan.attack.sweep(
      images, goal, epsilons: plan.epsilons, against: model.classifier, draws: .of(images, 74))[0]
    let threat = plan.attack.threat(plan.epsilons[0], against: model.classifier)
    try Perturbation.check(found, of: images, within: threat, in: region, attack: plan.name)
    #expect(found.select(0, 0).floats() == images.select(0, 0).floats())
  }

  @Test(
    "masks of ones give exactly the images of the attack without masks", arguments: AttackCase.all)
  func everywhere(_ attack: AttackCase) throws {
    let model = TinyModel.all[1]
    let ones = Tensor.ones(model.images.narrow(0, 0, Self.count).shape)
    let free = attacked(try plan(attack, nil), model, masks: ones)
    #expect(attacked(try plan(attack, .nuisance), model, masks: ones).floats() == free.floats())
    #expect(attacked(try plan(attack, .core), model, masks: ones * 0).floats() == free.floats())
  }

  @Test(
    "the mask travels with its image: batches of 5 give the same images, bit for bit",
    arguments: AttackCase.all)
  func batches(_ attack: AttackCase) throws {
    let (plan, model) = (try plan(attack, .nuisance), TinyModel.all[7])
    let classifier = OneByOne(classifier: model.classifier)
    let masks = Self.masks(of: model.images.narrow(0, 0, Self.count))
    let whole = attacked(plan, model, masks: masks, against: classifier).floats()
    let parts = stride(from: 0, to: Self.count, by: 5).map { first in
      attacked(
        plan, model, masks: masks, places: Array(first..<min(Self.count, first + 5)),
        against: classifier)
    }
    #expect(Tensor.concatenate(parts).floats() == whole)
  }

  @Test("images that changed outside of the region are refused")
  func refused() throws {
    let images = Tensor.full(0.5, shape: [2, 1, 1, 2])
    let moved = images + Tensor([0, 0.1, 0, 0] as [Float], shape: [2, 1, 1, 2])
    let threat = ThreatModel(.linf, epsilon: 0.2, valueRange: 0...1)
    let second = Region(Tensor([0, 1, 0, 1] as [Float], shape: [2, 1, 1, 2]).isGreater(than: 0))
    let first = Region(Tensor([1, 0, 1, 0] as [Float], shape: [2, 1, 1, 2]).isGreater(than: 0))
    try Perturbation.check(moved, of: images, within: threat, in: second, attack: "fgsm")
    let failure = #expect(throws: Failure.self) {
      try Perturbation.check(moved, of: images, within: threat, in: first, attack: "fgsm")
    }
    #expect(
      failure?.message
        == "attack fgsm at ε = 0.2 made images that differ from 1 of the originals where the masks "
        + "forbid it")
  }

  @Test(
    "a random start is uniform in the part of the ball that the region leaves",
    arguments: [Norm.l2, .l1])
  func start(_ norm: Norm) {
    let images = Tensor.full(0.5, shape: [4000, 1, 8, 8])
    let places = Tensor.range(64).to(.float32).reshaped([1, 1, 8, 8]).expanded(images.shape)
    let region = Region(places.isGreater(than: 61.5))
    let threat = ThreatModel(norm, epsilon: 0.4, valueRange: 0...1)
    let moves = threat.randomStart(images, .of(images, 75), in: region) - images
    let sizes = norm.size(moves).floats()
    // Two features may change. In two dimensions a quarter of a ball is within half its radius: of
    // 4,000 points, 1000 ± 27.
    #expect(abs(sizes.count { $0 < 0.2 } - 1000) < 140)
    #expect(sizes.max()! > 0.39)
    #expect(region.limited(moves).floats() == moves.floats())
  }
}
