import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("The Jacobian saliency map attack")
struct JacobianSaliencyMapTests {
  typealias Form = JacobianSaliencyMap.Form

  /// Three classes; towards class 0, α = (4, 3, 2, 1, −1, 0) and β = (−1, −3, −3, 1, −9, −9).
  let linear = LinearClassifier(
    inputShape: InputShape(channels: 1, height: 2, width: 3),
    weight: Tensor(
      [4, 3, 2, 1, -1, 0, 0, -3, 0, 1, -9, 0, -1, 0, -3, 0, 0, -9] as [Float], shape: [3, 6]))
  let towards0 = Goal.towards(Tensor(labels: [0]))

  private func run(
    _ attack: JacobianSaliencyMap, _ pixels: [Float], features: Int,
    against classifier: any Classifier
  ) -> [Float] {
    let image = Tensor(pixels, shape: [1] + classifier.inputShape.sizes)
    let threat = ThreatModel(.l0, epsilon: Double(features), valueRange: classifier.valueRange)
    return attack.perturb(
      image, towards0, within: threat, against: classifier, draws: .of(image, 0)
    )
    .floats()
  }

  /// `linear` where class 1 is so far ahead that no pixels make up for it.
  private var hard: Biased { Biased(linear, [-100, 100, 0]) }

  @Test("pairs: −(α_p + α_q)(β_p + β_q) decides, chosen features leave, and the rest follow")
  func pairs() {
    // Scores: (0, 4) 3·10, (1, 5) 3·12, (0, 5) 4·10, (1, 2) 5·6, (1, 4) 2·12 …
    #expect(
      run(JacobianSaliencyMap(), [0, 0, 0, 0, 0, 0], features: 2, against: hard) == [
        1, 0, 0, 0, 0, 1,
      ])
    // Then (1, 2) 5·6 before (1, 4) 2·12.
    #expect(
      run(JacobianSaliencyMap(), [0, 0, 0, 0, 0, 0], features: 4, against: hard) == [
        1, 1, 1, 0, 0, 1,
      ])
    // Then (3, 4): α sums to zero; nothing is admissible, and nothing changes.
    #expect(
      run(JacobianSaliencyMap(), [0, 0, 0, 0, 0, 0], features: 6, against: hard) == [
        1, 1, 1, 0, 0, 1,
      ])
  }

  @Test("single features: α·|β| decides where α ≥ 0 and β ≤ 0")
  func singles() {
    let orders: [[Float]] = [
      [0, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0],
    ]
    for (index, expected) in orders.enumerated() {
      let found = run(
        JacobianSaliencyMap(.single), [0, 0, 0, 0, 0, 0], features: index + 1, against: hard)
      #expect(found == expected)
    }
  }

  @Test("θ < 0 turns all signs, and searches the pixels above the smallest")
  func downwards() {
    let turned = Biased(
      LinearClassifier(inputShape: linear.inputShape, weight: -linear.weight), [-100, 100, 0])
    let ones = [Float](repeating: 1, count: 6)
    #expect(
      run(JacobianSaliencyMap(theta: -1), ones, features: 2, against: turned) == [0, 1, 1, 1, 1, 0])
    #expect(
      run(JacobianSaliencyMap(.single, theta: -1), ones, features: 2, against: turned) == [
        1, 0, 0, 1, 1, 1,
      ])
    let without1: [Float] = [1, 0, 1, 1, 1, 1]
    #expect(
      run(JacobianSaliencyMap(.single, theta: -1), without1, features: 1, against: turned) == [
        1, 0, 0, 1, 1, 1,
      ])
  }

  @Test(
    "a feature at the end of the range is not searched; a changed one moves by θ and stops there")
  func range() {
    let start: [Float] = [1, 0.5, 0.875, 0, 0, 1]
    #expect(
      run(JacobianSaliencyMap(theta: 0.25), start, features: 2, against: hard) == [
        1, 0.75, 1, 0, 0, 1,
      ])
    var wide = hard
    wide.linear.valueRange = -2...3
    // (0, 4) before (1, 2): equal scores.
    let found = run(JacobianSaliencyMap(theta: 4), [0, 0, -2, 0, 0, 3], features: 2, against: wide)
    #expect(found == [3, 0, -2, 0, 3, 3])
  }

  @Test("it stops when the target is reached, and leaves alone what is there already")
  func success() {
    let start: [Float] = [0, 0, 0, 0, 0, 0]
    let near = Biased(linear, [-1, 0, 0])
    #expect(
      run(JacobianSaliencyMap(.single), start, features: 6, against: near) == [0, 1, 0, 0, 0, 0])
    #expect(run(JacobianSaliencyMap(), start, features: 6, against: linear) == start)
  }

  @Test("γ is a share of the features: ⌊Dγ/2⌋ pairs, ⌊Dγ⌋ single ones, all from 1 on")
  func budgets() {
    let mnist = ConstantClassifier(
      inputShape: InputShape(channels: 1, height: 28, width: 28), classCount: 10)
    let cifar = ConstantClassifier(
      inputShape: InputShape(channels: 3, height: 32, width: 32), classCount: 10)
    let hundred = ConstantClassifier(
      inputShape: InputShape(channels: 1, height: 10, width: 10), classCount: 10)
    let allowed = { (form: Form, gamma: Double, classifier: ConstantClassifier) in
      JacobianSaliencyMap(form).threat(gamma, against: classifier).epsilon
    }
    #expect(allowed(.pair, 0.25, mnist) == 196)
    #expect(allowed(.pair, 0.145, mnist) == 112)
    #expect(allowed(.single, 0.145, mnist) == 113)
    #expect(allowed(.pair, 0.1, cifar) == 306)
    #expect(allowed(.single, 0.29, hundred) == 29)
    #expect(allowed(.pair, 0.29, hundred) == 28)
    for form in Form.allCases {
      #expect(allowed(form, 0, mnist) == 0)
      #expect(allowed(form, 1, mnist) == 784)
      #expect(allowed(form, 1e300, mnist) == 784)
    }
  }

  @Test(
    "a sweep costs the walk of its largest budget, and equals the budgets one by one",
    arguments: Form.allCases)
  func sweep(_ form: Form) {
    let model = TinyModel.all[0]
    let attack = JacobianSaliencyMap(form)
    let goal = Goal.towards(1 - model.labels, from: model.labels)
    let budgets = [0.3, 0, 0.05, 0.1, 1]
    let meter = QueryCounter(model.classifier)
    let swept = attack.sweep(
      model.images, goal, epsilons: budgets, against: meter, draws: .of(model.images, 1))
    let largest = QueryCounter(model.classifier)
    for (budget, images) in zip(budgets, swept) {
      let classifier: any Classifier = budget == 1 ? largest : model.classifier
      let alone = attack.sweep(
        model.images, goal, epsilons: [budget], against: classifier, draws: .of(model.images, 2))[0]
      #expect(images.floats() == alone.floats())
    }
    #expect(meter.forwards == largest.forwards)
  }

  @Test(
    "an image's result does not depend on its batch, whatever the others' targets",
    arguments: Form.allCases)
  func batches(_ form: Form) {
    let images = RandomSource(Seed(73)).uniform([9, 1, 2, 3])
    let targets = Tensor(labels: [0, 1, 2, 0, 1, 2, 0, 1, 2])
    let attack = JacobianSaliencyMap(form, theta: 0.5)
    let together = attack.sweep(
      images, .towards(targets), epsilons: [0.7], against: linear, draws: .of(images, 0))[0]
    for index in 0..<9 {
      let image = images.narrow(0, index, 1)
      let goal = Goal.towards(targets.narrow(0, index, 1))
      let alone = attack.sweep(image, goal, epsilons: [0.7], against: linear, draws: .of(image, 0))[
        0]
      #expect(alone.floats() == together.narrow(0, index, 1).floats())
    }
  }

  @Test("without a target it heads for the likeliest wrong class, and any wrong class will do")
  func untargeted() {
    let model = TinyModel.all[2]
    let labels = model.classifier.predictions(model.images)
    let wrong = LikeliestClasses.wrong(model.classifier.logits(model.images), labels, 1)[0]
    let run = { (goal: Goal, gamma: Double) in
      JacobianSaliencyMap().sweep(
        model.images, goal, epsilons: [gamma], against: model.classifier,
        draws: .of(model.images, 0))[0]
    }
    // One step of all images, before anything is reached.
    let step = run(.away(from: labels), 2.0 / 64)
    #expect(step.floats() == run(.towards(wrong), 2.0 / 64).floats())
    #expect(step.floats() != model.images.floats())
    let changes = { (goal: Goal) in Norm.l0.size(run(goal, 0.5) - model.images).sum().scalar }
    #expect(changes(.away(from: labels)) < changes(.towards(wrong)))
    let reached = model.classifier.predictions(run(.away(from: labels), 0.5)).differs(from: labels)
    #expect(reached.to(.float32).mean().scalar > 0.9)
  }

  @Test("logits that are not numbers leave images as they are", arguments: Form.allCases)
  func notNumbers(_ form: Form) {
    let broken = LinearClassifier(inputShape: linear.inputShape, weight: linear.weight * .nan)
    let start: [Float] = [0, 0.5, 0, 0.25, 0, 1]
    #expect(run(JacobianSaliencyMap(form), start, features: 6, against: broken) == start)
  }

  @Test(
    "as the paper's loop finds it, class by class and pair by pair", arguments: Form.allCases,
    OutputSource.allCases)
  func definition(_ form: Form, _ source: OutputSource) {
    for (index, theta, count) in [(0, 1.0, 10), (4, -1, 10), (2, 0.5, 3), (3, -0.25, 3)] {
      let model = TinyModel.all[index]
      let images = model.images.narrow(0, 0, count)
      let labels = model.labels.narrow(0, 0, count)
      let goal = GoalRule.next.goal(
        for: labels, images: images, classifier: model.classifier, draws: .of(images, 0))
      let attack = JacobianSaliencyMap(form, theta: theta, source: source)
      let threat = attack.threat(0.3, against: model.classifier)
      let found = attack.pathSweep(
        images, goal, within: [threat], against: model.classifier, draws: .of(images, 0))[0]
      let plain = PlainSaliencyMap(
        form: form, theta: Float(theta), source: source, classifier: model.classifier)
      let targets = goal.focus.int64s().map(Int.init)
      let expected = targets.indices.map {
        plain.perturbed(images.narrow(0, $0, 1), target: targets[$0], features: Int(threat.epsilon))
      }
      #expect(found.floats() != images.floats())
      // A score within rounding of another may win; what follows from it may differ.
      let differing = targets.indices.count { found.select(0, $0).floats() != expected[$0] }
      #expect(differing <= 1, "\(model), θ = \(theta)")
    }
  }

  @Test("settings are read, and θ = 0 is refused")
  func settings() throws {
    let settings = { (name: String, word: String) in
      try Settings(
        [.init(name: name, value: .scalar(word), place: "run.yaml:3")], place: "run.yaml:1")
    }
    let defaults = ["form": "pair", "theta": "1.0", "source": "logits"]
    #expect(try JacobianSaliencyMap(Settings.none()).parameters == defaults)
    #expect(try JacobianSaliencyMap(settings("form", "single")).form == .single)
    #expect(try JacobianSaliencyMap(settings("theta", "-0.5")).theta == -0.5)
    #expect(try JacobianSaliencyMap(settings("source", "probabilities")).source == .probabilities)
    let refused = Failure.badData(
      "run.yaml:3: theta: 0 would change nothing", hint: "for example theta: 1")
    #expect(throws: refused) {
      try JacobianSaliencyMap(settings("theta", "0"))
    }
    #expect(throws: Failure.self) { try JacobianSaliencyMap(settings("form", "triple")) }
  }
}
