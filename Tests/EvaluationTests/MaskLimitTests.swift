import Attacks
import Certificates
import Datasets
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Attacks that masks limit, on data")
struct MaskLimitTests {
  private static let shape = InputShape(features: 4)

  /// Thirty rows of four features. The mask of row i is `mask(i)`.
  private func data(_ mask: ((Int) -> [Float])?) throws -> LabelledImages {
    try LabelledImages(
      name: "rows", classNames: ["x", "y"],
      pixels: RandomSource(Seed(1)).uniform([30, 4], in: 0.3..<0.7),
      labels: (0..<30).map { Int64($0 % 2) },
      masks: mask.map { Tensor((0..<30).flatMap($0), shape: [30, 4]) })
  }

  private func contestant() throws -> Contestant {
    let network = try Architecture.named("mlp").network(
      input: Self.shape, classNames: ["x", "y"], seed: Seed(1))
    return Contestant(name: "a", classifier: network, fingerprint: "a")
  }

  private func plan(_ mask: MaskLimit?, _ attack: any Attack = SignNoise()) -> AttackPlan {
    AttackPlan(name: "noise", attack: attack, goal: .untargeted, mask: mask, epsilons: [0.1, 0.2])
  }

  private func runner(_ plan: AttackPlan, _ data: LabelledImages, batchSize: Int = 8) throws
    -> TransferRunner
  {
    let model = try contestant()
    return try TransferRunner(
      plan: plan, source: model, victims: [model], data: data, seed: Seed(3),
      evaluator: Evaluator(batchSize: batchSize))
  }

  /// Every third row has an empty mask, every third a full one, and the others mask two features.
  private static func mixed(_ row: Int) -> [Float] {
    [[0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 1]][row % 3]
  }

  @Test(
    "each example changes where its own mask says, in batches of every size",
    arguments: MaskLimit.allCases, [1, 8, 256])
  func places(_ mask: MaskLimit, _ batchSize: Int) throws {
    let (result, examples) = try runner(plan(mask), data(Self.mixed), batchSize: batchSize).run(
      keep: 30
    ) { _ in }
    let set = try #require(examples)
    #expect(set.origin.parameters["mask"] == mask.rawValue)
    #expect(result.labels.count == 30)
    for adversarial in set.adversarial {
      let changed = adversarial.differs(from: set.original).to(.int64).int64s()
      let masked = (0..<30).flatMap(Self.mixed)
      // Sign noise changes every feature that it may change.
      #expect(changed == masked.map { ($0 == 1) == (mask == .nuisance) ? 1 : 0 })
    }
  }

  @Test("the request of an attack depends on its mask")
  func requests() throws {
    let data = try data(Self.mixed)
    let requests = try [nil, .nuisance, .core].map { try runner(plan($0), data).request }
    #expect(Set(requests).count == 3)
  }

  @Test("data without masks are refused before anything is attacked")
  func noMasks() throws {
    let data = try data(nil)
    _ = try runner(plan(nil), data)
    let expected = Failure.badData(
      "noise: mask: nuisance: rows has no masks, and the attack needs one for every example",
      hint: "leave out the setting 'mask', or add masks to the data: 1 where a feature must not "
        + "matter, 0 elsewhere")
    #expect(throws: expected) { try runner(plan(.nuisance), data) }
  }

  @Test("masks between 0 and 1 are refused, with the example and its value")
  func fractions() throws {
    let data = try data { $0 == 21 ? [0, 1, 0.25, 1] : [0, 1, 0, 1] }
    _ = try runner(plan(nil), data)
    let expected = Failure.badData(
      "noise: mask: core: expected masks of 0 and 1, found 0.25 in the mask of example 21 of rows",
      hint: "round the masks: an attack may either change a feature or not")
    #expect(throws: expected) { try runner(plan(.core), data) }
    #expect(throws: expected) { try runner(plan(.core), data.first(22)) }
    _ = try runner(plan(.core), data.first(21))
  }

  @Test("a certificate refuses the masks that an attack refuses")
  func certificates() throws {
    let plan = CertificatePlan(
      name: "interval", IntervalCertificate(), epsilons: [0.1], mask: .core)
    let fractions = try data { $0 == 21 ? [0, 1, 0.25, 1] : [0, 1, 0, 1] }
    let expected = Failure.badData(
      "interval: mask: core: expected masks of 0 and 1, found 0.25 in the mask of example 21 of "
        + "rows",
      hint: "round the masks: an attack may either change a feature or not")
    #expect(throws: expected) { try plan.checkMasks(of: fractions) }
    try plan.checkMasks(of: fractions.first(21))
    let missing = Failure.badData(
      "interval: mask: core: rows has no masks, and the certificate needs one for every example",
      hint: "leave out the setting 'mask', or add masks to the data: 1 where a feature must not "
        + "matter, 0 elsewhere")
    #expect(throws: missing) { try plan.checkMasks(of: data(nil)) }
  }

  // MARK: Trust checks

  /// A result over 200 examples, all of class 0, `right` of which the model classifies correctly.
  private func result(_ attack: String, right: Int, backwards: Int) -> TransferResult {
    TransferResult(
      attack: attack, source: "m", victims: ["m"], epsilons: [0.3],
      predictions: Tensor(labels: (0..<200).map { $0 < right ? 0 : 1 }).reshaped([1, 1, 200]),
      clean: Tensor.full(0, shape: [1, 200], type: .int64),
      labels: Tensor(labels: [Int](repeating: 0, count: 200)),
      targets: Tensor.full(-1, shape: [200], type: .int64),
      sizes: Tensor.full(0.3, shape: [1, Norm.allCases.count, 200]), examplesPerImage: 1,
      cost: AttackCost(forwards: 4000, backwards: backwards), computed: [])
  }

  private func flags(_ check: TrustCheck, own: MaskLimit?, rival: MaskLimit?, one: Int = 0) -> Int {
    let plans = [("own", own), ("rival", rival)].map {
      AttackPlan(
        name: $0.0, attack: $0.0 == "own" ? ProjectedGradientDescent() : SquareAttack(),
        goal: .untargeted, mask: $0.1, epsilons: [0.3])
    }
    let results = [
      result("own", right: 190, backwards: 8000), result("rival", right: 60, backwards: one),
    ]
    return check.flags(TrustEvidence(results: results, plans: plans, classCount: 10)).count
  }

  @Test("an attack is compared only with attacks that may change no more of each example")
  func comparisons() {
    for (check, gradients) in [
      (TrustCheck.blackBoxBeatsWhiteBox, 0), (TrustCheck.oneStepBeatsMany, 200),
    ] {
      func flags(_ own: MaskLimit?, _ rival: MaskLimit?) -> Int {
        self.flags(check, own: own, rival: rival, one: gradients)
      }
      #expect(flags(nil, nil) == 1 && flags(nil, .nuisance) == 1)
      #expect(flags(.nuisance, .nuisance) == 1)
      #expect(flags(.nuisance, nil) == 0 && flags(.nuisance, .core) == 0, "\(check.name)")
    }
  }

  @Test("an attack that masks limit is not compared with noise on the whole example")
  func noise() throws {
    #expect([plan(nil), plan(.core)].noiseSizes == [0.2])
    #expect([plan(.nuisance)].noiseSizes.isEmpty)
  }
}
