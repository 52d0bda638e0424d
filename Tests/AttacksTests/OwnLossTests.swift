import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("Gradient attacks with a start or a loss of their own")
struct OwnLossTests {
  private let model = TinyModel.all[3]
  private var images: Tensor { model.images.narrow(0, 0, 40) }
  private var labels: Tensor { model.labels.narrow(0, 0, 40) }

  private func found(_ attack: any Attack, _ goal: Goal, _ epsilon: Double) -> Tensor {
    let threat = attack.threat(epsilon, against: model.classifier)
    return attack.perturb(
      images, goal, within: threat, against: model.classifier, draws: .of(images, 1))
  }

  private func right(_ found: Tensor) -> Double {
    model.classifier.predictions(found).equals(labels).to(.float32).mean().scalar
  }

  // MARK: R+FGSM

  @Test("without a random step, R+FGSM is FGSM")
  func withoutRandomStep() {
    let goal = Goal.away(from: labels)
    let ours = found(RandomFastGradientSign(share: 0), goal, 0.1)
    #expect(ours.floats() == found(FastGradientSign(), goal, 0.1).floats())
  }

  @Test("the random and the gradient step of R+FGSM add up to ε or to ε − 2α")
  func twoSteps() {
    // All pixels are in the middle of the range, and all weights differ from zero.
    let shape = InputShape(channels: 1, height: 6, width: 6)
    let linear = LinearClassifier(
      inputShape: shape, weight: RandomSource(Seed(2)).normal([3, shape.count]))
    let grey = Tensor.full(0.5, shape: [20] + shape.sizes)
    let goal = Goal.away(from: linear.predictions(grey))
    let attack = RandomFastGradientSign(share: 0.25)
    let threat = attack.threat(0.2, against: linear)
    let moves =
      attack.perturb(grey, goal, within: threat, against: linear, draws: .of(grey, 2)) - grey
    let sizes = moves.absolute.floats()
    #expect(sizes.allSatisfy { abs($0 - 0.2) < 1e-6 || abs($0 - 0.1) < 1e-6 })
    // Half of the 720 pixels, ± 13.4, have a random step with the sign of the gradient.
    #expect(abs(sizes.count { $0 > 0.15 } - 360) < 70)
  }

  // MARK: T-PGD

  @Test("T-PGD does not use labels")
  func labelsDoNotMatter() {
    let other = Tensor(labels: [Int](repeating: 0, count: 40))
    let attack = DivergenceAscent()
    let ours = found(attack, .away(from: labels), 0.2)
    #expect(ours.floats() == found(attack, .away(from: other), 0.2).floats())
    #expect(right(ours) < 0.7)
  }

  @Test("T-PGD increases the divergence from the clean prediction more than noise does")
  func divergence() {
    func divergence(_ changed: Tensor) -> Double {
      let p = model.classifier.logits(images).logSoftmax()
      let q = model.classifier.logits(changed).logSoftmax()
      return (p.exponential * (p - q)).sum([1]).mean().scalar
    }
    let goal = Goal.away(from: labels)
    let noise = divergence(found(UniformNoise(), goal, 0.1))
    #expect(divergence(found(DivergenceAscent(), goal, 0.1)) > 5 * noise)
  }

  @Test("towards a target, T-PGD is the ascent of the target's probability")
  func targeted() {
    let targets = Tensor(labels: (0..<40).map { ($0 + 3) % 100 })
    let start = found(DivergenceAscent(), .towards(targets), 0.3)
    let reached = model.classifier.predictions(start).equals(targets).to(.float32).mean()
    #expect(reached.scalar > 0.5)
  }

  // MARK: Jitter

  @Test("the loss of Jitter is that of the formula")
  func formula() {
    let attack = Jitter(scale: 2)
    let logits = Tensor([4, -2, 0, 1, 3, 0] as [Float], shape: [2, 3])
    let noise = Tensor([0.1, 0, -0.1, 0, 0.2, 0] as [Float], shape: [2, 3])
    let move = Tensor([0.1, -0.2, 0.5, 0.1] as [Float], shape: [2, 1, 1, 2])
    let found = attack.losses(
      logits, .away(from: Tensor(labels: [0, 0])), noise: noise, move: move
    ).floats()
    func expected(_ scaled: [Double], _ noise: [Double]) -> Double {
      let sum = scaled.map { exp($0) }.reduce(0, +)
      let p = zip(scaled, noise).map { exp($0) / sum + $1 }
      return (pow(p[0] - 1, 2) + pow(p[1], 2) + pow(p[2], 2)) / 3
    }
    // The first image is right, so its loss is not divided. The second one is wrong, and the size
    // of its perturbation is 0.5.
    #expect(abs(Double(found[0]) - expected([2, -1, 0], [0.1, 0, -0.1])) < 1e-6)
    let second = expected([2.0 / 3, 2, 0], [0, 0.2, 0]) / 0.5
    #expect(abs(Double(found[1]) - second) < 1e-6)
  }

  @Test("the loss of Jitter does not depend on the size of the logits")
  func scaleInvariant() {
    let logits = model.classifier.logits(images).detached
    let goal = Goal.away(from: labels)
    let losses = [1.0, 1000].map { factor in
      Jitter().losses(logits * factor, goal, noise: logits * 0, move: images * 0)
    }
    #expect((losses[0] - losses[1]).absolute.max().scalar < 1e-6)
  }

  @Test("Jitter fools as many images as PGD, but for a few, with smaller perturbations")
  func smaller() {
    let goal = Goal.away(from: labels)
    let ours = found(Jitter(StepSchedule(steps: 40, relative: 2.5)), goal, 0.3)
    let pgd = found(ProjectedGradientDescent(), goal, 0.3)
    #expect(right(ours) <= right(pgd) + 0.1)
    let size = { (x: Tensor) in Norm.l2.size(x - images).mean().scalar }
    #expect(size(ours) < size(pgd))
  }

  // MARK: Patch-wise

  @Test("with steps as long as those of BIM and without their excess, the patch-wise method is BIM")
  func plainPatchWise() {
    let goal = Goal.away(from: labels)
    let plain = PatchWiseMethod(amplification: 1, projection: 0, temperature: 1)
    #expect(found(plain, goal, 0.2).floats() == found(BasicIterativeMethod(), goal, 0.2).floats())
  }

  @Test("the excess of a pixel moves the eight around it in the same direction, and no others")
  func patches() {
    let shape = InputShape(channels: 1, height: 7, width: 7)
    var weights = [Float](repeating: 0, count: 98)
    weights[24] = -1
    let linear = LinearClassifier(inputShape: shape, weight: Tensor(weights, shape: [2, 49]))
    let grey = Tensor.full(0.5, shape: [1] + shape.sizes)
    let goal = Goal.away(from: Tensor(labels: [0]))
    func moves(_ projection: Double) -> [Float] {
      let attack = PatchWiseMethod(StepSchedule(steps: 4), projection: projection)
      let threat = attack.threat(0.1, against: linear)
      return
        (attack.perturb(grey, goal, within: threat, against: linear, draws: .of(grey, 1)) - grey)
        .floats()
    }
    let patch = Set([16, 17, 18, 23, 24, 25, 30, 31, 32])
    let with = moves(0.8)
    #expect(with.indices.allSatisfy { abs(with[$0] - (patch.contains($0) ? 0.1 : 0)) < 1e-6 })
    let without = moves(0)
    #expect(without.indices.allSatisfy { abs(without[$0] - ($0 == 24 ? 0.1 : 0)) < 1e-6 })
  }

  @Test("a window with an even side is refused")
  func evenWindow() {
    #expect(throws: Failure.self) {
      try AttackCase(text: "pifgsm++ window=4 epsilon=0.1").plan()
    }
  }
}
