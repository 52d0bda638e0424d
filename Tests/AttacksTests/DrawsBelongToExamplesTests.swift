import Attacks
import ModelCore
import Support
import Testing

/// Workers and batches share out the images in many ways. A run is reproducible only if an
/// adversarial image does not depend on them.
@Suite("Adversarial images depend on the example and not on the batch")
struct DrawsBelongToExamplesTests {
  private static let count = 15
  private let model = TinyModel.all[7]
  private var images: Tensor { model.images.narrow(0, 0, Self.count) }
  private var labels: Tensor { model.labels.narrow(0, 0, Self.count) }

  /// The numbers of the examples in a data set. They are not the places of the images in the test.
  private static let examples = (0..<count).map { 1000 + 3 * $0 }

  /// The adversarial images of the examples at `places`, computed as one batch; each as its pixels.
  private func attacked(
    _ plan: AttackPlan, _ places: [Int], against classifier: any Classifier
  ) -> [[Float]] {
    let rows = Tensor(labels: places)
    let images = images.indexSelect(0, rows)
    let draws = ExampleDraws(Seed(91), examples: places.map { Self.examples[$0] })
    let goal = plan.goal.goal(
      for: labels.indexSelect(0, rows), images: images, classifier: classifier,
      draws: draws.purpose("goal"))
    let found = plan.attack.sweep(
      images, goal, epsilons: plan.epsilons, against: classifier, draws: draws.purpose("attack"))[0]
    return places.indices.map { found.select(0, $0).floats() }
  }

  /// The places of all examples, in batches of at most `size`.
  private func batches(of size: Int) -> [[Int]] {
    stride(from: 0, to: Self.count, by: size).map { Array($0..<min(Self.count, $0 + size)) }
  }

  @Test(
    "batches of one and of many, in another order, give the same adversarial images, bit for bit",
    arguments: AttackCase.all)
  func batchSizes(_ attack: AttackCase) throws {
    let plan = try attack.plan()
    let classifier = OneByOne(classifier: model.classifier)
    let whole = attacked(plan, Array(0..<Self.count), against: classifier)
    let shuffled = RandomSource(Seed(92)).permutation(Self.count).int64s().map(Int.init)
    // Batches of 7, 7 and 1.
    let found = batches(of: 7).flatMap { batch in
      attacked(plan, batch.map { shuffled[$0] }, against: classifier)
    }
    let differing = shuffled.indices.filter { found[$0] != whole[shuffled[$0]] }
    #expect(differing.isEmpty, "the batches change the images \(differing.map { shuffled[$0] })")
  }

  @Test(
    "a random attack gives other adversarial images for other example numbers",
    arguments: AttackCase.drawing)
  func numbers(_ attack: AttackCase) throws {
    let plan = try attack.plan()
    let found = [0, 7].map { first in
      let draws = ExampleDraws(Seed(91), examples: Array(first..<first + Self.count))
      let goal = plan.goal.goal(
        for: labels, images: images, classifier: model.classifier, draws: draws.purpose("goal"))
      return plan.attack.sweep(
        images, goal, epsilons: plan.epsilons, against: model.classifier,
        draws: draws.purpose("attack"))[0].floats()
    }
    let differs = found[0] != found[1]
    #expect(differs)
  }

  @Test("transfer from a surrogate does not depend on batches and order")
  func surrogate() throws {
    // The input gradient of a linear network with two classes has the same direction everywhere, so
    // rounding cannot change its signs.
    let description = try NetworkDescription(
      input: InputShape(channels: 1, height: 8, width: 8),
      layers: LayerList(["flatten", "linear 2"]), classNames: ["0", "1"])
    let network = try Network(description, initialization: .kaimingUniform, seed: Seed(93))
    let classes = TinyModel.all[4]
    let attack = try SurrogateTransfer(
      of: ProjectedGradientDescent(StepSchedule(steps: 3), restarts: 1), on: network)
    func attacked(_ places: [Int]) -> [[Float]] {
      let rows = Tensor(labels: places)
      let images = classes.images.indexSelect(0, rows)
      let goal = Goal.away(from: classes.labels.indexSelect(0, rows))
      let found = attack.sweep(
        images, goal, epsilons: [0.1], against: classes.classifier,
        draws: ExampleDraws(Seed(94), examples: places.map { Self.examples[$0] }))[0]
      return places.indices.map { found.select(0, $0).floats() }
    }
    let whole = attacked(Array(0..<Self.count))
    for size in [1, 7] { #expect(batches(of: size).flatMap(attacked) == whole) }
    let shuffled = RandomSource(Seed(92)).permutation(Self.count).int64s().map(Int.init)
    #expect(attacked(shuffled) == shuffled.map { whole[$0] })
  }
}
