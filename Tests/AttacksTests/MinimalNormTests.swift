import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Attacks with the smallest norm stop just beyond the boundary")
struct MinimalNormTests {
  private static let model = TinyModel.all[3]
  private static let count = 20

  private func sizes(_ attack: any SmallestPerturbationAttack) -> (found: Tensor, sizes: [Float]) {
    let images = Self.model.images.narrow(0, 0, Self.count)
    let goal = Goal.away(from: Self.model.labels.narrow(0, 0, Self.count))
    let found = attack.nearest(
      images, goal, against: Self.model.classifier, draws: .of(images, 1))
    return (found, attack.norm.size(found - images).floats())
  }

  static let near: [any SmallestPerturbationAttack] = [
    DecoupledDirectionNorm(), FastMinimumNorm(norm: .linf, steps: 200),
    FastMinimumNorm(norm: .l2, steps: 200), FastMinimumNorm(norm: .l1, steps: 200),
    SuperDeepFool(),
  ]

  @Test("most images do not reach the goal any more if 5 % are taken back", arguments: near.indices)
  func shorter(_ index: Int) {
    let images = Self.model.images.narrow(0, 0, Self.count)
    let goal = Goal.away(from: Self.model.labels.narrow(0, 0, Self.count))
    let found = sizes(Self.near[index]).found
    let back = images + (found - images) * 0.95
    func share(_ x: Tensor) -> Double {
      goal.isReached(Self.model.classifier.predictions(x)).to(.float32).mean().scalar
    }
    #expect(share(found) >= 0.9)
    #expect(share(back) <= 0.4, "\(share(back))")
  }

  static let longer: [(few: any SmallestPerturbationAttack, many: any SmallestPerturbationAttack)] =
    [
      (DecoupledDirectionNorm(steps: 30), DecoupledDirectionNorm(steps: 200)),
      (FastMinimumNorm(norm: .linf, steps: 20), FastMinimumNorm(norm: .linf, steps: 200)),
      (FastMinimumNorm(norm: .l2, steps: 20), FastMinimumNorm(norm: .l2, steps: 200)),
      (FastMinimumNorm(norm: .l1, steps: 20), FastMinimumNorm(norm: .l1, steps: 200)),
      (FastMinimumNorm(norm: .l0, steps: 30), FastMinimumNorm(norm: .l0, steps: 300)),
      (SigmaZero(steps: 50), SigmaZero(steps: 500)),
      (ElasticNet(steps: 20, searches: 6), ElasticNet(steps: 100, searches: 9)),
    ]

  @Test("more steps give no larger median", arguments: longer.indices)
  func moreSteps(_ index: Int) {
    // An image without a result counts as infinitely far away.
    func median(_ attack: any SmallestPerturbationAttack) -> Float {
      sizes(attack).sizes.map { $0 == 0 ? .infinity : $0 }.sorted()[Self.count / 2]
    }
    let (few, many) = Self.longer[index]
    #expect(median(many) <= median(few))
    #expect(median(many).isFinite)
  }

  @Test(
    "the images are as near as those of adv-lib 0.2.8 in as many steps",
    .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
  func parity() throws {
    let classifier = try Reference.network("smallbn").frozen()
    let answers = try SafetensorsFile(Reference.file("smallbn.attacks.safetensors"))
    let images = try answers.tensor("images")
    let goal = Goal.away(from: try answers.tensor("labels"))
    // The mean norms that adv_lib.attacks.ddn (without levels) and fmn find for these images.
    let cases: [(any SmallestPerturbationAttack, Double)] = [
      (DecoupledDirectionNorm(steps: 100), 0.7784),
      (FastMinimumNorm(norm: .linf, steps: 100), 0.05388),
    ]
    for (attack, mean) in cases {
      let found = attack.nearest(images, goal, against: classifier, draws: .of(images, 1))
      #expect(goal.isReached(classifier.predictions(found)).all().isTrue)
      #expect(attack.norm.size(found - images).mean().scalar <= mean * 1.02)
    }
  }
}
