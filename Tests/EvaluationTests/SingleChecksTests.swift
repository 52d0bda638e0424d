import Attacks
import Datasets
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("Trust checks outside of an experiment")
struct SingleChecksTests {
  private static let images = try! SevenSegmentDigits().images(.test, count: 60)

  private func contestant() throws -> Contestant {
    let network = try Architecture.named("mlp").network(
      input: Self.images.shape, classNames: Self.images.classNames, seed: Seed(1))
    return Contestant(name: "m", classifier: network, fingerprint: "m")
  }

  private func checks(_ plan: AttackPlan?) throws -> SingleChecks {
    let model = try contestant()
    let plans = [plan].compactMap { $0 }
    let probe = ModelProbe(
      checking: model, on: Self.images, beside: plans, seed: Seed(1), progress: .init(.quiet))
    let results = try plans.map {
      try TransferRunner(
        plan: $0, source: model, victims: [model], data: Self.images, seed: Seed(1)
      ).run(keep: 0) { _ in }.result
    }
    return SingleChecks(
      probes: [probe], results: results, plans: plans, classCount: Self.images.classCount)
  }

  private func names(_ checks: SingleChecks) -> [String] { checks.notChecked.map(\.name) }

  @Test("every check is either made, or named with the reason why it was not")
  func complete() throws {
    let none = try checks(nil)
    #expect(none.made + none.notChecked.count == TrustCheck.all.count)
    #expect(Set(none.notChecked.map(\.reason)) == ["no attack was run"])
    // An untrained model is at chance, or below it.
    #expect(none.flags.contains { $0.name.contains("chance without an attack") })
    let pgd = AttackPlan(
      name: "pgd", attack: ProjectedGradientDescent(), goal: .untargeted, epsilons: [0.1])
    let one = try checks(pgd)
    #expect(!names(one).contains(TrustCheck.noiseDoesAsWell.name))
    #expect(names(one).contains(TrustCheck.blackBoxBeatsWhiteBox.name))
    let inL2 = AttackPlan(
      name: "deepfool", attack: DeepFool(), goal: .untargeted, epsilons: [1])
    #expect(names(try checks(inL2)).contains(TrustCheck.noiseDoesAsWell.name))
  }

  @Test("the remarks name the checks by reason")
  func remarks() throws {
    #expect(try checks(nil).remarks.count == 1)
    let pgd = AttackPlan(
      name: "pgd", attack: ProjectedGradientDescent(), goal: .untargeted, epsilons: [0.1])
    let remarks = try checks(pgd).remarks
    #expect(remarks.count == 2)
    #expect(
      remarks.contains(
        "Not checked, because no pictures were exported: “examples lost as 8-bit pictures”."))
  }
}
