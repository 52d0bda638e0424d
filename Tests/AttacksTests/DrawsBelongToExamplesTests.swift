import Attacks
import ModelCore
import Support
import Testing

/// The images are shared out to workers and batches in many ways, and a run is reproducible only if
/// an adversarial image does not depend on them.
@Suite("An adversarial image belongs to its example, and not to its batch")
struct DrawsBelongToExamplesTests {
  private static let count = 30
  private let model = TinyModel.all[7]
  private var images: Tensor { model.images.narrow(0, 0, Self.count) }
  private var labels: Tensor { model.labels.narrow(0, 0, Self.count) }

  /// The examples' numbers in a data set, which are not their places here.
  private static let examples = (0..<count).map { 1000 + 3 * $0 }

  /// The adversarial images of some of the examples, each as its pixels, computed as one batch.
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

  /// The places of all examples in batches of at most `size`.
  private func batches(of size: Int) -> [[Int]] {
    stride(from: 0, to: Self.count, by: size).map { Array($0..<min(Self.count, $0 + size)) }
  }

  @Test(
    "in batches of 1, 7 and 256 the adversarial images are the same, bit for bit",
    arguments: AttackCase.all)
  func batchSizes(_ attack: AttackCase) throws {
    let plan = try attack.plan()
    let classifier = OneByOne(classifier: model.classifier)
    let whole = batches(of: 256).flatMap { attacked(plan, $0, against: classifier) }
    for size in [1, 7] {
      let parts = batches(of: size).flatMap { attacked(plan, $0, against: classifier) }
      let differing = whole.indices.filter { whole[$0] != parts[$0] }
      #expect(differing.isEmpty, "batches of \(size) change the images \(differing)")
    }
  }

  @Test(
    "in another order, with their numbers, the examples have the same adversarial images, bit for bit",
    arguments: AttackCase.all)
  func order(_ attack: AttackCase) throws {
    let plan = try attack.plan()
    let classifier = OneByOne(classifier: model.classifier)
    let whole = attacked(plan, Array(0..<Self.count), against: classifier)
    let shuffled = RandomSource(Seed(92)).permutation(Self.count).int64s().map(Int.init)
    let found = attacked(plan, shuffled, against: classifier)
    let differing = shuffled.indices.filter { found[$0] != whole[shuffled[$0]] }
    #expect(differing.isEmpty, "the order changes the images \(differing.map { shuffled[$0] })")
  }

  @Test(
    "other numbers of the examples give other adversarial images where an attack is random",
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

  @Test("transfer from a surrogate: in batches of 1, 7 and 256, and in another order")
  func surrogate() throws {
    // Of two classes a linear network has one direction, so that no rounding turns a sign.
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
