import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

/// A classifier that adds noise to its images, other noise in each pass.
private final class NoisyClassifier: Classifier, @unchecked Sendable {
  let classifier: any Classifier
  let deviation: Double
  private var passes = 0

  init(_ classifier: any Classifier, deviation: Double) {
    self.classifier = classifier
    self.deviation = deviation
  }

  var inputShape: InputShape { classifier.inputShape }
  var classCount: Int { classifier.classCount }
  var valueRange: ClosedRange<Double> { classifier.valueRange }
  var device: Device { classifier.device }

  func logits(_ images: Tensor) -> Tensor {
    passes += 1
    let noise = RandomSource(Seed(7).derive("pass \(passes)")).normal(images.shape)
    return classifier.logits(images + noise * deviation)
  }
}

@Suite("Expectation over transformation averages over the draws of a random model")
struct ExpectationOverDrawsTests {
  private let model = TinyModel.all[1]
  private var images: Tensor { model.images.narrow(0, 0, 40) }
  private var goal: Goal { .away(from: model.labels.narrow(0, 0, 40)) }

  /// The share of images and draws in which a noisy model is fooled, over 50 draws.
  private func success(_ attack: any Attack, _ epsilon: Double) -> Double {
    let noisy = NoisyClassifier(model.classifier, deviation: 0.5)
    let found = attack.sweep(
      images, goal, epsilons: [epsilon], against: noisy, draws: .of(images, 3))[0]
    return ExpectationOverDraws(draws: 50).share(of: goal, found, noisy).mean().scalar
  }

  @Test("the gradient is the mean over draws, each with random numbers of its own")
  func mean() {
    let draws = ExampleDraws.of(images, 5)
    let random = GradientEstimate { x, draws, view in view(x) * draws.uniform().perImage(like: x) }
    let threat = ThreatModel(.linf, epsilon: 0.1, valueRange: 0...1)
    let found = ExpectationOverDraws(draws: 3).estimate(random, within: threat)(images, draws)
    let parts = (0..<3).map { random(images, draws.purpose("draw \($0)")) }
    #expect((found - (parts[0] + parts[1] + parts[2]) / 3).absolute.max().scalar < 1e-6)
    let single = ExpectationOverDraws().estimate(random, within: threat)(images, draws)
    #expect(single.floats() == random(images, draws).floats())
  }

  @Test("an attack without the setting sees the mean logits, and all passes are counted")
  func meanLogits() throws {
    let noisy = NoisyClassifier(model.classifier, deviation: 0.5)
    let mean = MeanLogits(classifier: noisy, draws: 400).logits(images)
    let other = MeanLogits(classifier: noisy, draws: 400).logits(images)
    let single = noisy.logits(images)
    let spread = (mean - other).absolute.mean().scalar
    #expect(spread < (mean - single).absolute.mean().scalar / 4)
    let plan = try AttackCase(text: "ddn steps=5 eot=3 epsilon=1").plan()
    #expect(plan.settings["eot"] == "3" && plan.text.contains("eot=3"))
    let counter = QueryCounter(model.classifier)
    _ = plan.sweep(
      images, labels: model.labels.narrow(0, 0, 40), against: counter,
      draws: { .of(images, 7).purpose($0) })
    #expect(counter.passes % 3 == 0 && counter.passes > 3)
    #expect(counter.passes <= plan.mostPasses(against: model.classifier) ?? 0)
    // Without it, records stay as they are.
    #expect(try AttackCase(text: "ddn steps=5 epsilon=1").plan().settings["eot"] == nil)
  }

  @Test("a mean gradient of a noisy model is closer to that of the model without noise")
  func closer() {
    let threat = ThreatModel(.linf, epsilon: 0.1, valueRange: 0...1)
    func cosine(_ draws: Int) -> Double {
      let noisy = NoisyClassifier(model.classifier, deviation: 0.5)
      let gradients = [(noisy as any Classifier, draws), (model.classifier, 1)].map {
        AttackGradient(of: .margin, over: ExpectationOverDraws(draws: $0.1)).estimate(
          goal, within: threat, against: $0.0)(
            images, .of(images, 4)
          ).flattened
      }
      let dot = (gradients[0] * gradients[1]).sum([1])
      return (dot / (Norm.l2.size(gradients[0]) * Norm.l2.size(gradients[1]))).mean().scalar
    }
    let (one, many) = (cosine(1), cosine(20))
    #expect(many > one, "\(one) \(many)")
  }

  @Test("with several draws, AutoAttack is at least as strong on a noisy model as PGD and one draw")
  func ensemble() {
    for epsilon in [0.1, 0.25] {
      let pgd = success(ProjectedGradientDescent(), epsilon)
      let once = success(AutoAttack(steps: 20, queries: 50), epsilon)
      let averaged = success(
        AutoAttack(steps: 20, queries: 50, over: ExpectationOverDraws(draws: 10)), epsilon)
      // Two of the 40 images may differ by chance.
      #expect(averaged >= max(once, pgd) - 0.05, "\(averaged) \(once) \(pgd)")
    }
  }

  @Test("records name the draws only if there are several")
  func records() {
    let attacks: [(ExpectationOverDraws) -> any Attack] = [
      { FastGradientSign(AttackGradient(over: $0)) }, { AutoProjectedGradient(over: $0) },
      { FastAdaptiveBoundary(over: $0) }, { SquareAttack(over: $0) }, { AutoAttack(over: $0) },
    ]
    for attack in attacks {
      #expect(attack(ExpectationOverDraws()).parameters["eot"] == nil)
      #expect(attack(ExpectationOverDraws(draws: 4)).parameters["eot"] == "4")
    }
  }

  @Test("a single step that averages over draws is not the step that training computes itself")
  func training() {
    #expect(FastGradientSign().singleStepLoss == .crossEntropy)
    #expect(
      FastGradientSign(AttackGradient(over: ExpectationOverDraws(draws: 2))).singleStepLoss == nil)
  }
}
