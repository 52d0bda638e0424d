import Attacks
import Foundation
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("Trust checks on predictions for adversarial examples")
struct TrustCheckTests {
  /// A result over `count` examples of ten classes. A victim classifies `right[victim][budget]` of
  /// them correctly, from the first on (or with `firstWrong`, up to the last).
  private func result(
    _ attack: String, from source: String, _ right: KeyValuePairs<String, [Int]>,
    epsilons: [Double] = [0, 0.3],
    count: Int = 200, backwards: Int = 200, firstWrong: Bool = false
  ) -> TransferResult {
    let predictions = epsilons.indices.map { budget in
      Tensor.stack(
        right.map { _, counts in
          Tensor(
            labels: (0..<count).map { (firstWrong ? count - 1 - $0 : $0) < counts[budget] ? 0 : 1 })
        })
    }
    return TransferResult(
      attack: attack, source: source, victims: right.map(\.key), epsilons: epsilons,
      predictions: Tensor.stack(predictions),
      clean: Tensor.full(0, shape: [right.count, count], type: .int64),
      labels: Tensor(labels: [Int](repeating: 0, count: count)),
      targets: Tensor.full(-1, shape: [count], type: .int64),
      sizes: Tensor.zeros([epsilons.count, Norm.allCases.count, count]), examplesPerImage: 1,
      cost: AttackCost(forwards: backwards, backwards: backwards), computed: [])
  }

  private func plan(_ name: String, _ attack: any Attack, _ goal: GoalRule = .untargeted)
    -> AttackPlan
  {
    AttackPlan(name: name, attack: attack, goal: goal, epsilons: [0, 0.3])
  }

  private func names(_ evidence: TrustEvidence) -> [String] { evidence.flags().map(\.name) }

  @Test("Only a model that is wrong more often on other models' examples than its own is flagged")
  func masking() throws {
    let results = [
      result("fgsm", from: "open", ["open": [198, 20], "masked": [196, 60]]),
      result("fgsm", from: "masked", ["open": [198, 120], "masked": [196, 190]]),
    ]
    let flags = TrustEvidence(
      results: results, plans: [plan("fgsm", FastGradientSign())], classCount: 10
    ).flags()
    let flag = try #require(flags.first)
    #expect(flags.count == 1)
    #expect(flag.name == TrustCheck.blackBoxBeatsWhiteBox.name)
    #expect(flag.source == "masked" && flag.victim == "masked" && flag.attack == "fgsm")
    #expect(
      flag.raisedBecause == "Within a budget of 0.3, masked classifies 190 of 200 images correctly "
        + "under its own examples, and 60 under those made on open.")
  }

  @Test("Differences that chance explains, or between accuracies below chance, raise no flag")
  func noMasking() {
    let plans = [plan("fgsm", FastGradientSign())]
    let small = [
      result("fgsm", from: "a", ["a": [198, 100], "b": [196, 98]]),
      result("fgsm", from: "b", ["a": [198, 120], "b": [196, 101]]),
    ]
    #expect(names(TrustEvidence(results: small, plans: plans, classCount: 10)) == [])
    let low = [
      result("fgsm", from: "a", ["a": [198, 25], "b": [196, 0]]),
      result("fgsm", from: "b", ["a": [198, 0], "b": [196, 25]]),
    ]
    #expect(names(TrustEvidence(results: low, plans: plans, classCount: 10)) == [])
  }

  @Test("A control (random noise) and a targeted attack are not compared")
  func controls() {
    let results = [
      result("x", from: "a", ["a": [198, 20], "b": [196, 60]]),
      result("x", from: "b", ["a": [198, 120], "b": [196, 190]]),
    ]
    for plan in [plan("x", SignNoise()), plan("x", TargetedGradientSign(), .next)] {
      #expect(names(TrustEvidence(results: results, plans: [plan], classCount: 10)) == [])
    }
  }

  @Test("An attack of many steps that does worse than one step in the same norm is flagged")
  func manySteps() throws {
    let plans = [plan("fgsm", FastGradientSign()), plan("bim", BasicIterativeMethod())]
    let one = result("fgsm", from: "a", ["a": [198, 40]])
    let worse = result("bim", from: "a", ["a": [198, 120]], backwards: 4000)
    let flag = try #require(
      TrustEvidence(results: [one, worse], plans: plans, classCount: 10).flags().first)
    #expect(
      flag.name == TrustCheck.oneStepBeatsMany.name && flag.attack == "bim" && flag.source == "a")
    let better = result("bim", from: "a", ["a": [198, 3]], backwards: 4000)
    #expect(names(TrustEvidence(results: [one, better], plans: plans, classCount: 10)) == [])
    let inAnotherNorm = [plan("fgsm", FastGradientSign()), plan("bim", DeepFool())]
    #expect(
      names(TrustEvidence(results: [one, worse], plans: inAnotherNorm, classCount: 10)) == [])
  }

  @Test("A model below chance on unchanged images is flagged once, however many attacks there are")
  func belowChance() throws {
    let plans = [plan("fgsm", FastGradientSign()), plan("bim", BasicIterativeMethod())]
    let results = ["fgsm", "bim"].map { result($0, from: "a", ["a": [4, 3]]) }
    let flags = TrustEvidence(results: results, plans: plans, classCount: 10).flags()
    #expect(flags.map(\.name) == [TrustCheck.belowChanceUnattacked.name])
    let atChance = [result("fgsm", from: "a", ["a": [20, 3]])]
    #expect(names(TrustEvidence(results: atChance, plans: plans, classCount: 10)) == [])
  }

  @Test("A flag counts the pictures that rounding stopped from fooling their source")
  func pictures() {
    let losses = [
      PictureLoss(attack: "fgsm", source: "a", fooling: 20, foolingAsStored: 20),
      PictureLoss(attack: "pgd", source: "a", fooling: 20, foolingAsStored: 19),
      PictureLoss(attack: "deepfool", source: "a", fooling: 20, foolingAsStored: 3),
    ]
    let flags = TrustEvidence(pictures: losses).flags()
    #expect(flags.map(\.attack) == ["deepfool"])
    #expect(
      flags.map(\.raisedBecause) == [
        "17 of the 20 examples that fool a do not fool it as 8-bit pictures."
      ])
  }

  /// Whether some attack accepts a setting.
  private func isAccepted(_ name: String, _ value: String) -> Bool {
    AttackRegistry.all.contains { type in
      let entries = [(name, value), ("epsilon", "0.1")].map { name, value in
        Settings.Entry(name: name, value: .scalar(value), place: "advice")
      }
      guard let settings = try? Settings(entries, place: "advice") else { return false }
      return (try? AttackPlan(name: type.name, settings)) != nil
    }
  }

  @Test("Every attack and every setting that an advice names exists")
  func adviceNames() {
    var names = 0
    for check in TrustCheck.all {
      // An apostrophe inside a word opens no name.
      for match in check.advice.matches(of: /(?:^|[ (])'([a-z-]+)'/) {
        #expect(AttackRegistry.names.contains(String(match.1)), "\(check.name): \(match.1)")
        names += 1
      }
      for match in check.advice.matches(of: /([A-Za-z]+)=([A-Za-z0-9-]+)/) {
        #expect(isAccepted(String(match.1), String(match.2)), "\(check.name): \(match.0)")
        names += 1
      }
    }
    #expect(names > 10)
    #expect(!isAccepted("loss", "dlr") && !isAccepted("step", "5"))
  }

  @Test("Every check is in docs/trust-checks.md, word for word")
  func documented() throws {
    func words(_ text: String) -> String {
      text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../docs/trust-checks.md")
    let text = words(try String(contentsOf: page, encoding: .utf8))
    for check in TrustCheck.all {
      #expect(
        text.contains("## " + check.name.prefix(1).uppercased() + check.name.dropFirst()),
        "\(check.name)")
      for part in [check.raisedIf, check.meaning, check.advice] {
        #expect(text.contains(words(part)), "\(check.name)")
      }
    }
    #expect(Set(TrustCheck.all.map(\.name)).count == TrustCheck.all.count)
  }
}
