import Attacks
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Bisection finds the smallest budget of another attack for each image")
struct BisectionTests {
  let shape = InputShape(channels: 1, height: 2, width: 2)
  let linear = LinearClassifier(
    inputShape: InputShape(channels: 1, height: 2, width: 2),
    weight: Tensor([1, 0, -2, 3, -1, 0, 1, 3] as [Float], shape: [2, 4]))
  let image = Tensor([0.9, 0.5, 0.3, 0.5] as [Float], shape: [1, 1, 2, 2])

  @Test(
    "for FGSM on a linear classifier it finds gap / ‖w‖₁, exact to upper / 2^halvings",
    arguments: [1, 4, 10, 16])
  func exact(_ halvings: Int) {
    // The gap is 2·0.9 − 3·0.3 = 0.9, and a step of ε closes 5·ε of it.
    let found = Bisection(of: FastGradientSign(), halvings: halvings, precision: 0).nearest(
      image, .away(from: Tensor(labels: [0])), against: linear, draws: .of(image, 1))
    let size = Norm.linf.size(found - image).scalar
    #expect(size >= 0.18 - 1e-6)
    // The margin must exceed the rounding of the logits, which is 1e-5·z with z about 1.
    #expect(size <= 0.18 + max(pow2(-halvings), 4e-6))
    #expect(linear.predictions(found).int64s() == [1])
  }

  @Test(
    "the search ends at a width relative to the budget, however small the budget is",
    arguments: [0.18, 0.018, 1.8e-4], [1.0 / 256, 0.02])
  func relative(_ exact: Double, _ precision: Double) {
    // The gap is 5·exact, and a step of ε closes 5·ε of it.
    let image = Tensor([0, 0, 0, 0] as [Float], shape: [1, 1, 2, 2]) + 0.5
    let gap = linear.logits(image).floats()
    let biased = Biased(linear, [0, gap[0] - gap[1] - Float(5 * exact)])
    let counter = CountingClassifier(biased)
    let found = Bisection(of: FastGradientSign(), precision: precision).nearest(
      image, .away(from: Tensor(labels: [0])), against: counter, draws: .of(image, 1))
    let size = Norm.linf.size(found - image).scalar
    #expect(size > exact && size < exact * (1 + precision) + 1e-5, "\(size)")
    // A trial is two passes: the gradient, and the test of the result.
    let halvings = (-log2(exact * precision)).rounded(.up)
    #expect(Double(counter.calls) <= 3 + 2 * halvings)
  }

  private func pow2(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }

  /// The size of each image's perturbation, which is the budget that was found: FGSM and BIM use up
  /// the budget in at least one pixel.
  private func sizes(_ attack: any Attack, halvings: Int, _ model: TinyModel, upper: Double? = nil)
    -> [Double]
  {
    let found = Bisection(of: attack, upper: upper, halvings: halvings, precision: 0).nearest(
      model.images, .away(from: model.labels), against: model.classifier,
      draws: .of(model.images, 2))
    return attack.norm.size(found - model.images).floats().map(Double.init)
  }

  @Test(
    "the budget found fools the model, and one smaller by upper / 2^halvings does not",
    arguments: [0, 2])
  func smallest(_ index: Int) {
    let model = TinyModel.all[index]
    let attack = BasicIterativeMethod()
    let halvings = 8
    let right = model.classifier.predictions(model.images).equals(model.labels).int64s()
    var checked = 0
    for (place, size) in sizes(attack, halvings: halvings, model).enumerated()
    where right[place] != 0 && size > 0 {
      let row = Tensor(labels: [place])
      let goal = Goal.away(from: model.labels.indexSelect(0, row))
      func fools(_ budget: Double) -> Bool {
        let threat = attack.threat(budget, against: model.classifier)
        let found = attack.perturb(
          model.images.indexSelect(0, row), goal, within: threat, against: model.classifier,
          draws: .of(model.images.indexSelect(0, row), 3))
        return goal.isReached(model.classifier.predictions(found)).isTrue
      }
      let steps = (size * pow2(halvings)).rounded()
      #expect(
        abs(steps - size * pow2(halvings)) < 1e-3, "budgets are multiples of the last interval")
      #expect(fools(steps / pow2(halvings)))
      #expect(!fools((steps - 1) / pow2(halvings)))
      checked += 1
    }
    #expect(checked > 80)
  }

  @Test("more halvings never give a larger budget", arguments: [0, 2])
  func monotone(_ index: Int) {
    let model = TinyModel.all[index]
    let all = [0, 1, 3, 6, 9].map { sizes(BasicIterativeMethod(), halvings: $0, model) }
    for (coarse, fine) in zip(all, all.dropFirst()) {
      #expect(zip(fine, coarse).allSatisfy { $0 <= $1 + 1e-6 })
    }
    #expect(all[4].reduce(0, +) < all[1].reduce(0, +))
  }

  @Test("an image for which the largest budget is not enough is unchanged")
  func upper() {
    let model = TinyModel.all[0]
    let sizes = sizes(BasicIterativeMethod(), halvings: 4, model, upper: 1e-5)
    let right = model.classifier.predictions(model.images).equals(model.labels).int64s()
    #expect(zip(sizes, right).allSatisfy { $0.1 == 0 || $0.0 <= 1.1e-5 })
    #expect(sizes.count { $0 == 0 } > 90)
  }

  @Test("budgets have the meaning that the other attack gives them")
  func meaning() throws {
    let goal = Goal.away(from: Tensor(labels: [0]))
    let share = Bisection(of: SaltAndPepper())
    #expect(share.norm == .l0)
    #expect(share.threat(0.5, against: linear).epsilon == 2)
    let swept = share.sweep(
      image, goal, epsilons: [0.25, 1], against: linear, draws: .of(image, 4))
    for (epsilon, found) in zip([0.25, 1], swept) {
      try Perturbation.check(
        found, of: image, within: share.threat(epsilon, against: linear), attack: "bisection")
    }
    #expect(
      Bisection(of: IteratedFastGradientSign(steps: 5)).threat(0.1, against: linear).epsilon == 0.5)
  }

  private func read(_ entries: [(String, String)]) throws -> Bisection {
    let lines = entries.map {
      Settings.Entry(name: $0.0, value: .scalar($0.1), place: "run.yaml:1")
    }
    let settings = try Settings(lines, place: "run.yaml:1")
    let bisection = try Bisection(settings)
    try settings.finish("bisection")
    return bisection
  }

  @Test("settings that bisection does not have go to the other attack")
  func settings() throws {
    let bisection = try read([
      ("of", "pgd"), ("norm", "l2"), ("steps", "7"), ("halvings", "5"), ("upper", "2"),
      ("precision", "0.1"),
    ])
    let attack = try #require(bisection.attack as? ProjectedGradientDescent)
    #expect(attack.schedule.steps == 7)
    #expect(bisection.norm == .l2)
    #expect(bisection.halvings == 5)
    #expect(bisection.upper == 2)
    #expect(bisection.precision == 0.1)
    let parameters = bisection.parameters
    #expect(parameters["of"] == "pgd")
    #expect(parameters["steps"] == "7")
    #expect(parameters["upper"] == "2.0")
    #expect(throws: Failure.self) { try read([("of", "fgsm"), ("steps", "7")]) }
  }

  @Test(
    "an attack without a budget cannot be bisected",
    arguments: ["deepfool", "cw", "bisection", "nothing"])
  func refused(_ name: String) {
    let failure = #expect(throws: Failure.self) { try read([("of", name)]) }
    #expect(failure?.message == "run.yaml:1: of: '\(name)' is not known")
  }
}
