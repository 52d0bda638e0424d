import Attacks
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("Attacks that use less of a model than its gradients, against those that follow them")
struct BlackBoxCheckTests {
  /// A result over 200 examples of ten classes, `right` of which the victims classify correctly
  /// within the budget 0.3.
  private func result(
    _ attack: String, from source: String, _ right: KeyValuePairs<String, Int>, backwards: Int,
    size: Double = 0.3
  ) -> TransferResult {
    let predictions = right.map { _, right in Tensor(labels: (0..<200).map { $0 < right ? 0 : 1 }) }
    return TransferResult(
      attack: attack, source: source, victims: right.map(\.key), epsilons: [0.3],
      predictions: Tensor.stack([Tensor.stack(predictions)]),
      clean: Tensor.full(0, shape: [right.count, 200], type: .int64),
      labels: Tensor(labels: [Int](repeating: 0, count: 200)),
      targets: Tensor.full(-1, shape: [200], type: .int64),
      sizes: Tensor.full(size, shape: [1, Norm.allCases.count, 200]), examplesPerImage: 1,
      cost: AttackCost(forwards: 4000, backwards: backwards), computed: [])
  }

  private func flags(_ results: [TransferResult], _ attacks: [String: any Attack]) -> [TrustFlag] {
    let plans = attacks.map {
      AttackPlan(name: $0.key, attack: $0.value, goal: .untargeted, epsilons: [0.3])
    }
    return TrustCheck.blackBoxBeatsWhiteBox.flags(
      TrustEvidence(results: results, plans: plans, classCount: 10))
  }

  private let attacks: [String: any Attack] = [
    "fgsm": FastGradientSign(), "pgd": ProjectedGradientDescent(), "square": SquareAttack(),
    "surrogate-pgd": ProjectedGradientDescent(), "sign-noise": SignNoise(),
    "l2": ProjectedGradientDescent(norm: .l2),
  ]

  @Test("An attack without gradients that beats the strongest one with gradients is a flag")
  func gradientFree() throws {
    let results = [
      result("fgsm", from: "m", ["m": 198], backwards: 200),
      result("pgd", from: "m", ["m": 198], backwards: 8000),
      result("square", from: "m", ["m": 6], backwards: 0),
    ]
    let flag = try #require(flags(results, attacks).first)
    #expect(flags(results, attacks).count == 1 && flag.attack == "pgd" && flag.victim == "m")
    #expect(
      flag.raisedBecause
        == "Within a budget of 0.3, m classifies 198 of 200 images correctly under "
        + "pgd, which follows gradients, and 6 under square, which does not.")
  }

  @Test("Another attack's examples from another model, and random noise, are rivals too")
  func otherRivals() throws {
    let own = result("pgd", from: "m", ["m": 198, "n": 150], backwards: 8000)
    let rivals = [
      result("surrogate-pgd", from: "n", ["m": 60, "n": 0], backwards: 8000),
      result("sign-noise", from: "m", ["m": 60, "n": 190], backwards: 0),
    ]
    for rival in rivals {
      let flag = try #require(flags([own, rival], attacks).first)
      #expect(flag.attack == "pgd" && flag.source == "m")
      #expect(flag.raisedBecause.contains(rival.attack))
    }
  }

  @Test("One step, another norm, a larger budget and a weaker gradient attack raise no flag")
  func incomparable() {
    let square = result("square", from: "m", ["m": 6], backwards: 0)
    let one = result("fgsm", from: "m", ["m": 120], backwards: 200)
    #expect(flags([one, square], attacks).isEmpty)
    let inAnotherNorm = result("l2", from: "m", ["m": 120], backwards: 8000)
    #expect(flags([inAnotherNorm, square], attacks).isEmpty)
    let many = result("pgd", from: "m", ["m": 120], backwards: 8000)
    let larger = result("square", from: "m", ["m": 6], backwards: 0, size: 0.6)
    #expect(flags([many, larger], attacks).isEmpty)
    let strong = result("surrogate-pgd", from: "m", ["m": 2], backwards: 8000)
    #expect(flags([many, strong, square], attacks).isEmpty)
  }
}
