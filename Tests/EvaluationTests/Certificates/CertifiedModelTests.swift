import Attacks
import Certificates
import Datasets
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("Certificates beside attacks")
struct CertifiedModelTests {
  /// Three images of a linear classifier that is right up to the ℓ∞ distances 0.1, 0.2 and 0.4 from
  /// the images.
  private static let distances = [0.1, 0.2, 0.4]

  private struct Halves: Classifier {
    let inputShape = InputShape(channels: 1, height: 1, width: 2)
    let classCount = 2
    let valueRange = 0.0...1.0
    let device = Device.cpu
    func logits(_ images: Tensor) -> Tensor {
      let first = images.flattened.narrow(1, 0, 1) - 0.5
      return Tensor.concatenate([first, -first], along: 1)
    }
    func bounds(_ box: Bounds) throws -> Bounds {
      Bounds(
        around: logits(box.center),
        by: box.radius.flattened.narrow(1, 0, 1).expanded([box.radius.shape[0], 2]))
    }
  }

  private func data() throws -> LabelledImages {
    try LabelledImages(
      name: "halves", shape: InputShape(channels: 1, height: 1, width: 2), classNames: ["a", "b"],
      pixels: Self.distances.flatMap { [UInt8(((0.5 + $0) * 255).rounded()), 0] },
      labels: [0, 0, 0])
  }

  private func certified(_ epsilons: [Double]) throws -> CertifiedModel {
    let plan = CertificatePlan(name: "interval", IntervalCertificate(), epsilons: epsilons)
    return try CertifiedModel(
      of: Contestant(name: "m", classifier: Halves(), fingerprint: "f"), by: plan, on: data(),
      seed: Seed(1))
  }

  /// One example of each image with a perturbation of the given size in every norm.
  private func attack(
    _ sizes: [Float], wrong: Set<Int>, name: String = "pgd", count: Int = 3
  ) -> TransferResult {
    TransferResult(
      attack: name, source: "other", victims: ["other", "m"], epsilons: [0.5],
      predictions: Tensor(
        labels: (0..<count).map { _ in 0 } + (0..<count).map { wrong.contains($0) ? 1 : 0 }
      ).reshaped([1, 2, count]),
      clean: Tensor.zeros([2, count], type: .int64),
      labels: Tensor(labels: [Int](repeating: 0, count: count)),
      targets: Tensor.full(-1, shape: [count], type: .int64),
      sizes: Tensor(sizes, shape: [1, 1, count]).expanded([1, Norm.allCases.count, count]),
      examplesPerImage: 1, cost: AttackCost(), computed: [])
  }

  private let plans = [
    AttackPlan(
      name: "pgd", attack: ProjectedGradientDescent(), goal: .untargeted, epsilons: [0.5]),
    AttackPlan(
      name: "core", attack: ProjectedGradientDescent(), goal: .untargeted, mask: .core,
      epsilons: [0.5]),
  ]

  @Test("the certified accuracy falls where the known distances are")
  func accuracy() throws {
    let cells = try certified([0, 0.09, 0.15, 0.3, 0.45]).cells()
    #expect(cells.map(\.certified) == [3, 3, 2, 1, 0])
    #expect(cells.allSatisfy { $0.images == 3 && $0.attacked == nil })
    #expect(cells.csv().contains("interval,interval,m,linf,,false,0.15,3,2,0.666667,"))
  }

  @Test("an example bounds the accuracy from its own size on, whatever its budget was")
  func attacked() throws {
    let found = try certified([0, 0.09, 0.15, 0.3, 0.45])
    let cells = found.cells(
      beside: [attack([0.12, 0.25, 0.5], wrong: [0, 1])], plans)
    #expect(cells.map { $0.attacked ?? -1 } == [3, 3, 2, 1, 1])
    #expect(cells.allSatisfy { $0.certified <= $0.attacked ?? 0 })
  }

  @Test("an example within a certified size raises the gravest flag, and no other one does")
  func contradiction() throws {
    let found = try certified([0.09, 0.15])
    func flags(_ results: [TransferResult]) -> [TrustFlag] {
      TrustEvidence(results: results, plans: plans, classCount: 2, certified: [found]).flags()
        .filter { $0.name == TrustCheck.certificateIsBroken.name }
    }
    #expect(flags([attack([0.12, 0.25, 0.5], wrong: [0, 1, 2])]).isEmpty)
    let flag = try #require(flags([attack([0.12, 0.1, 0.5], wrong: [0, 1])]).first)
    #expect(flag.victim == "m")
    #expect(
      flag.raisedBecause.contains("1 image of m") && flag.raisedBecause.contains("is image 1"),
      "\(flag.raisedBecause)")
    #expect(TrustCheck.all.first?.name == TrustCheck.certificateIsBroken.name)
  }

  @Test("an attack on a part of the features counts, and so does one on fewer images")
  func comparable() throws {
    let found = try certified([0.15])
    #expect(
      found.cells(beside: [attack([0.15, 0.15, 0.15], wrong: [0], name: "core")], plans)[0].attacked
        == 2)
    #expect(found.cells(beside: [], plans)[0].attacked == nil)
    // An attack that was given fewer images than the certificate counts for these.
    let few = attack([0.12], wrong: [0], count: 1)
    #expect(found.cells(beside: [few], plans)[0].attacked == 2)
  }
}
