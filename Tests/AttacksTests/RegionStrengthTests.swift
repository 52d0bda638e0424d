import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

/// An attack that searches in the region finds at least what is left of an unlimited attack's
/// result in the region. On a linear classifier, the best result is known.
@Suite("Attacks use the region that they are limited to")
struct RegionStrengthTests {
  private static let count = 30

  /// Every attack that uses the attacked model, so that more than chance decides.
  static let cases: [AttackCase] = [
    "fgsm", "tgsm", "ifgsm steps=3", "itgsm steps=3", "bim", "pgd steps=10",
    "pgd norm=l2 steps=10", "pgd norm=l1 steps=10", "mifgsm", "nifgsm", "apgd steps=15", "rfgsm",
    "tpgd", "jitter", "pifgsm++", "ila",
    "apgd norm=l2 steps=15", "fab steps=10 classes=3", "fab norm=l2 steps=10 classes=3",
    "autoattack steps=5 queries=50", "jsma", "deepfool", "cw steps=40 searches=4",
    "ddn steps=40", "fmn norm=linf steps=40", "fmn steps=40", "fmn norm=l1 steps=40",
    "fmn norm=l0 steps=60", "alma steps=100 alpha=0.5", "alma norm=l1 steps=100 alpha=0.5",
    "ead steps=40 searches=6", "superdeepfool", "sigma-zero steps=60",
    "sparsefool",
    "bisection of=pgd steps=5 halvings=5", "square queries=150", "square norm=l2 queries=150",
    "spsa steps=40 samples=16", "nes queries=2000", "bandits queries=2000",
    "onepixel population=40 generations=15", "pixle restarts=20 iterations=10",
    "hopskipjump queries=800 samples=20",
    "hopskipjump norm=linf queries=800 samples=20", "boundary queries=1000",
    "surfree queries=800",
    "spatial rotations=7 translations=5", "patch steps=20 places=4", "uap search=gradient",
  ].map(AttackCase.init(text:))

  @Test("the cases have every attack that uses the attacked model")
  func complete() {
    let names = AttackRegistry.all.filter { !$0.isControl }.map { $0.name }
    #expect(Set(Self.cases.map(\.name)) == Set(names))
  }

  @Test(
    "an attack in a region reaches at least as many goals as one whose other changes are undone",
    arguments: cases, [3, 7])
  func strength(_ test: AttackCase, _ index: Int) throws {
    let model = TinyModel.all[index]
    let attack = try AttackCase(text: test.text + " epsilon=0").plan().attack
    let images = model.images.narrow(0, 0, Self.count)
    let labels = model.labels.narrow(0, 0, Self.count)
    let goal = type(of: attack).defaultGoal.goal(
      for: labels, images: images, classifier: model.classifier, draws: .of(images, 81))
    let region = Region(RandomSource(Seed(82)).uniform(images.shape).isLess(than: 0.5))
    let budgets: [Double] =
      switch attack.norm {
      case .linf: [0.1, 0.2, 0.4]
      case .l2: [0.5, 1, 2]
      case .l1: [2, 5, 10]
      case .l0: [0.1, 0.2, 0.5]
      }
    func sweep(_ goal: Goal) -> [Tensor] {
      attack.sweep(
        images, goal, epsilons: budgets, against: model.classifier, draws: .of(images, 83))
    }
    func reached(_ found: Tensor) -> Int {
      Int(goal.isReached(model.classifier.predictions(found)).to(.int64).sum().scalar)
    }
    let limited = sweep(goal.within(region)).map(reached)
    let undone = sweep(goal).map { reached(region.limited($0, around: images)) }
    // In ℓ∞ each feature has a budget of its own, and chance decides about single images. In the
    // other norms the features share the budget, and an attack in the region has all of it.
    let margin = limited.reduce(0, +) - undone.reduce(0, +)
    #expect(margin >= (attack.norm == .linf ? -2 : 1), "\(limited) and \(undone)")
    #expect(limited[2] > reached(images), "\(limited)")
  }

  // MARK: Linear classifiers

  /// Two classes of images of 6x6 pixels with room on all sides, and a region of half of the
  /// features of each.
  private struct Linear {
    let images = RandomSource(Seed(84)).uniform([12, 1, 6, 6], in: -0.5..<0.5)
    let classifier: LinearClassifier
    let region: Region
    let goal: Goal
    /// w, the difference of the weights in the region: `[12, 36]`.
    let slopes: Tensor
    /// The difference of the two logits of each image, `[12]`.
    let gaps: Tensor

    init() {
      var classifier = LinearClassifier(
        inputShape: InputShape(channels: 1, height: 6, width: 6),
        weight: RandomSource(Seed(85)).normal([2, 36]))
      classifier.valueRange = -10...10
      self.classifier = classifier
      region = Region(RandomSource(Seed(86)).uniform(images.shape).isLess(than: 0.5))
      goal = Goal.away(from: classifier.predictions(images)).within(region)
      let difference = classifier.weight.select(0, 0) - classifier.weight.select(0, 1)
      slopes = region.limited(difference.reshaped([1, 1, 6, 6]).expanded(images.shape)).flattened
      let logits = classifier.logits(images)
      gaps = (logits.select(1, 0) - logits.select(1, 1)).absolute
    }

    /// The size of the smallest perturbation in the region that reaches the goal: |gap| / ‖w‖, with
    /// the dual norm of the attack's norm.
    func distances(_ norm: Norm) -> [Float] {
      (gaps / [.linf: Norm.l1, .l1: .linf][norm, default: .l2].size(slopes)).floats()
    }
  }

  static let nearest: [(attack: any SmallestPerturbationAttack, beyond: ClosedRange<Float>)] = [
    (DeepFool(), 1.0195...1.0205), (CarliniWagner(searches: 12), 0.9999...1.01),
    (FastAdaptiveBoundary(norm: .l2), 0.9999...1.01),
    (DecoupledDirectionNorm(steps: 400), 0.9999...1.02), (FastMinimumNorm(), 0.9999...1.01),
    (FastMinimumNorm(norm: .linf), 0.9999...1.01), (FastMinimumNorm(norm: .l1), 0.9999...1.01),
    (AugmentedLagrangian(), 0.9999...1.03),
    (ElasticNet(searches: 12), 0.9999...1.1), (SuperDeepFool(), 0.9999...1.01),
    (FastAdaptiveBoundary(norm: .linf), 0.9999...1.01),
    (Bisection(of: ProjectedGradientDescent(norm: .l2), upper: 4), 0.9999...1.05),
    (Bisection(of: FastGradientSign(), upper: 4), 0.9999...1.005),
  ]

  @Test(
    "smallest perturbations are as long as the way to the boundary within the region",
    arguments: nearest.indices)
  func smallest(_ index: Int) throws {
    let (attack, beyond) = Self.nearest[index]
    let linear = Linear()
    let found = attack.nearest(
      linear.images, linear.goal, against: linear.classifier, draws: .of(linear.images, 87))
    #expect(linear.goal.isReached(linear.classifier.predictions(found)).all().isTrue)
    let lengths = attack.norm.size(found - linear.images).floats()
    let ratios = zip(lengths, linear.distances(attack.norm)).map { $0 / $1 }
    #expect(ratios.allSatisfy(beyond.contains), "\(ratios)")
  }

  @Test("the Square attack spends its queries on the region", arguments: [Norm.linf, .l2])
  func square(_ norm: Norm) throws {
    // A region of 2x2 pixels at another place in each image, and a budget with which no image
    // reaches the goal, so that every query is used.
    let classifier = Biased(
      LinearClassifier(
        inputShape: InputShape(channels: 1, height: 16, width: 16),
        weight: RandomSource(Seed(88)).normal([2, 256])), [1000, 0])
    let images = Tensor.full(0.5, shape: [20, 1, 16, 16])
    let masks = (0..<20).map { image in
      Tensor.ones([1, 1, 2, 2]).padded(
        left: image % 7 * 2, right: 14 - image % 7 * 2, top: image % 5, bottom: 14 - image % 5)
    }
    let region = Region(Tensor.concatenate(masks).isGreater(than: 0.5))
    let goal = Goal.away(from: Tensor(labels: [Int](repeating: 0, count: 20))).within(region)
    let attack = SquareAttack(norm: norm, queries: 100)
    let threat = attack.threat(0.1, against: classifier)
    let found = attack.perturb(
      images, goal, within: threat, against: classifier, draws: .of(images, 89))
    let gains =
      AttackLoss.margin.losses(classifier.logits(found), goal)
      - AttackLoss.margin.losses(classifier.logits(images), goal)
    let weight = classifier.linear.weight
    let difference = (weight.select(0, 1) - weight.select(0, 0)).reshaped([1, 1, 16, 16])
    let slopes = region.limited(difference.expanded(images.shape))
    // The largest possible gain is ε‖w‖ in the dual norm.
    let most = (norm == .linf ? Norm.l1 : .l2).size(slopes) * 0.1
    let shares = (gains / most).floats()
    #expect(shares.allSatisfy { $0 > (norm == .linf ? 0.99 : 0.8) }, "\(shares)")
  }
}
