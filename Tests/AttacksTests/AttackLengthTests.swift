import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The number of passes of an attack is known beforehand")
struct AttackLengthTests {
  private static let model = TinyModel.all[3]

  private func counted(_ plan: AttackPlan) -> QueryCounter {
    let images = Self.model.images.narrow(0, 0, 5)
    let counter = QueryCounter(Self.model.classifier)
    _ = plan.sweep(images, labels: Self.model.labels.narrow(0, 0, 5), against: counter) {
      ExampleDraws(Seed(5).derive($0), examples: Array(0..<5))
    }
    return counter
  }

  @Test("an attack makes at most as many passes as it says", arguments: AttackCase.all)
  func bound(_ attack: AttackCase) throws {
    let plan = try attack.plan()
    let counter = counted(plan)
    guard let most = plan.mostPasses(against: Self.model.classifier) else { return }
    #expect(counter.passes <= most, "\(attack): \(counter.passes) of \(most)")
  }

  @Test(
    "the slow attacks say it, and those from which no image leaves early make exactly so many",
    arguments: [
      ("cw steps=6 searches=2 confidence=1000 epsilon=3", 13), ("fab steps=3 epsilon=0.2", 55),
      ("ddn steps=4 epsilon=3", 5), ("fmn steps=4 norm=l1 epsilon=3", 5),
      ("alma steps=4 epsilon=3", 5), ("sigma-zero steps=4 epsilon=0.3", 5),
      ("ead steps=3 searches=2 confidence=1000 epsilon=3", 13),
      ("pgd restarts=2 steps=3 epsilon=0.1", 8),
      ("bim steps=2 views=vmi+si epsilon=0.1", 2 * 21 * 5),
    ])
  func exact(_ text: String, _ passes: Int) throws {
    let plan = try AttackCase(text: text).plan()
    #expect(plan.mostPasses(against: Self.model.classifier) == passes)
    #expect(counted(plan).passes == passes)
  }

  @Test("a surrogate's passes are shown to the caller, and are no queries of the attacked model")
  func surrogate() throws {
    let network = try #require(TinyModel.all[2].classifier as? Network)
    let plan = AttackPlan(
      name: "surrogate", attack: try SurrogateTransfer(of: BasicIterativeMethod(), on: network),
      goal: .untargeted, epsilons: [0.1])
    var seen: [Int] = []
    let counter = QueryCounter(Self.model.classifier) { seen.append($0) }
    _ = plan.sweep(
      Self.model.images, labels: Self.model.labels, against: counter
    ) { ExampleDraws(Seed(5).derive($0), examples: Array(0..<100)) }
    #expect(seen == Array(0..<10) && counter.forwards == 0)
    #expect(plan.mostPasses(against: Self.model.classifier) == 10)
  }
}
