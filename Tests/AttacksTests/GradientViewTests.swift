import Attacks
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Views of the gradient that improve transfer")
struct GradientViewTests {
  private let threat = ThreatModel(.linf, epsilon: 0.1, valueRange: 0...1)
  private let shape = InputShape(channels: 1, height: 9, width: 9)

  /// The gradient of Σ xᵢ³, which depends on the point where it is taken.
  private let curved = GradientEstimate { x, _, view in
    withGradients {
      let variable = x.tracked
      return view(variable).power(3).sum().gradient(of: variable).detached
    }
  }

  private var draws: ExampleDraws { .of(images, 5) }
  private var images: Tensor { RandomSource(Seed(1)).uniform([2] + shape.sizes) }

  @Test("scale invariance is the mean of the gradients at x, x/2 and x/4")
  func scales() {
    let found = ScaleInvariance(copies: 3).estimate(curved, within: threat)(images, .of(images, 2))
    // (x/2^i)³ has the slope 3x²/8^i.
    let expected = images.square * (3 * (1 + 1.0 / 8 + 1.0 / 64) / 3)
    #expect((found - expected).absolute.max().scalar < 1e-5)
  }

  @Test("translation invariance smooths the gradient with a Gaussian whose sum is one")
  func translations() {
    var spike = [Float](repeating: 0, count: shape.count)
    spike[40] = 1
    let point = GradientEstimate { _, _, _ in Tensor(spike, shape: [1] + shape.sizes) }
    let found = TranslationInvariance(kernel: 7, deviation: 3).estimate(point, within: threat)(
      images, .of(images, 3)
    ).floats()
    #expect(abs(found.reduce(0, +) - 1) < 1e-5)
    let ratio = Double(found[42] / found[40])
    #expect(abs(ratio - exp(-4.0 / 18)) < 1e-4)
    #expect(found[0] == 0)
  }

  @Test(
    "input diversity enlarges and pads images, and with probability zero does nothing"
  )
  func diversity() {
    let never = InputDiversity(probability: 0).estimate(curved, within: threat)(
      images, .of(images, 4))
    #expect(never.floats() == curved(images, draws).floats())
    let always = InputDiversity(probability: 1).estimate(curved, within: threat)(
      images, .of(images, 4))
    #expect(always.shape == images.shape && always.isFinite.all().isTrue)
    #expect(always.floats() != never.floats())
  }

  @Test("variance tuning adds the variation of the gradient around the point before")
  func variance() {
    let estimate = VarianceTuning(samples: 3, reach: 2).estimate(curved, within: threat)
    let (first, second) = (images, images * 0.5)
    #expect(estimate(first, draws).floats() == curved(first, draws).floats())
    let neighbours = (0..<3).map { sample in
      let noise = draws.purpose("neighbour \(sample)").uniform(shape.sizes, in: -1..<1)
      return curved(first + noise * 0.2, draws)
    }
    let expected =
      curved(second, draws) + (neighbours[0] + neighbours[1] + neighbours[2]) / 3
      - curved(first, draws)
    #expect((estimate(second, draws) - expected).absolute.max().scalar < 1e-5)
    // A new run of an attack starts without a memory.
    let next = VarianceTuning(samples: 3).estimate(curved, within: threat)
    #expect(next(second, draws).floats() == curved(second, draws).floats())
  }

  @Test(
    "views have one order, and one-step attacks have none with a memory")
  func order() throws {
    func attack(_ name: String, _ views: SettingValue) throws -> any Attack {
      let settings = try Settings(
        [.init(name: "views", value: views, place: "run.yaml:1")], place: "run.yaml:1")
      return try AttackRegistry.type(named: name).init(settings)
    }
    let all = try attack("mifgsm", .scalar("di+si+ti+vmi"))
    #expect(all.parameters["views"] == "vmi+ti+si+di")
    #expect(
      try attack("pgd", .list([.scalar("di"), .scalar("vmi")])).parameters["views"] == "vmi+di")
    for name in ["bim", "ifgsm", "itgsm", "nifgsm", "fgsm", "tgsm"] {
      #expect(try attack(name, .scalar("ti")).parameters["views"] == "ti")
    }
    #expect(throws: Failure.self) { try attack("fgsm", .scalar("vmi")) }
    #expect(throws: Failure.self) { try attack("pgd", .scalar("dii")) }
  }

  @Test(
    "with every view, every iterated attack keeps the budget and lowers accuracy",
    arguments: GradientViews.all.indices)
  func composed(_ index: Int) throws {
    let model = TinyModel.all[1]
    let (images, labels) = (model.images.narrow(0, 0, 20), model.labels.narrow(0, 0, 20))
    let gradient = AttackGradient(through: [GradientViews.all[index].init()])
    let attacks: [any Attack] = [
      BasicIterativeMethod(StepSchedule(steps: 10), gradient),
      MomentumIterativeMethod(StepSchedule(steps: 10), decay: 1, gradient),
      NesterovIterativeMethod(
        MomentumIterativeMethod(StepSchedule(steps: 10), decay: 1, gradient)),
      ProjectedGradientDescent(norm: .l2, StepSchedule(steps: 5, relative: 2.5), gradient),
    ]
    for attack in attacks {
      let epsilon = attack.norm == .l2 ? 4.0 : 0.4
      let found = attack.sweep(
        images, .away(from: labels), epsilons: [epsilon], against: model.classifier,
        draws: .of(images, 6)
      )[0]
      try Perturbation.check(
        found, of: images, within: attack.threat(epsilon, against: model.classifier),
        attack: "composed")
      // A gradient that is smoothed over half of an eight-pixel image carries little information,
      // and so does one of such an image whose halves change places.
      let right = model.classifier.predictions(found).equals(labels).to(.float32).mean().scalar
      let view = GradientViews.all[index].name
      #expect(right < 0.95 || ["ti", "bsr"].contains(view), "\(type(of: attack)): \(right)")
    }
  }
}
