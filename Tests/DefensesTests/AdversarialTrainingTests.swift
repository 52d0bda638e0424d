import Attacks
import Datasets
import Defenses
import ModelCore
import Support
import TestSupport
import Testing

/// An attack that adds an output of its classifier, together with its gradient, and records its
/// arguments.
private final class RecordingAttack: Attack, @unchecked Sendable {
  static let name = "recording"
  static let title = "recording"
  static let summary = "for tests"
  static let defaultGoal = GoalRule.untargeted
  let norm = Norm.linf
  private(set) var goals: [[Int64]] = []
  private(set) var logits: [Tensor] = []
  private(set) var made: [Tensor] = []
  private(set) var epsilons: [Double] = []

  init() {}
  init(_ settings: Settings) {}
  var parameters: [String: String] { [:] }

  func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    let seen = classifier.logits(images)
    goals.append(goal.focus.int64s())
    logits.append(seen.detached)
    epsilons.append(threat.epsilon)
    let moved = (images + seen.tanh.mean([1]).reshaped([-1, 1, 1, 1]) * threat.epsilon).clamped(
      to: threat.valueRange)
    made.append(moved.detached)
    return moved
  }
}

@Suite("Adversarial training")
struct AdversarialTrainingTests {
  @Test("the clean and the adversarial term have half of the weight each")
  func terms() {
    let network = TinyTraining.network()
    let step = TinyTraining.step(network, pass: .training(dropout: nil, updatesStatistics: false))
    let terms = AdversarialTraining(InnerAttack(epsilon: 0.1)).terms(step)
    #expect(terms.map(\.name) == ["clean", "adversarial"])
    #expect(terms.map(\.weight) == [0.5, 0.5])
    #expect(terms[0].value.scalar == CrossEntropy().terms(step)[0].value.scalar)
    #expect(terms[1].value.scalar > terms[0].value.scalar)
  }

  @Test("without a budget both terms are the same")
  func noBudget() {
    let terms = AdversarialTraining(InnerAttack(epsilon: 0)).terms(
      TinyTraining.step(TinyTraining.network(), pass: .evaluation))
    #expect(terms[0].value.scalar == terms[1].value.scalar)
  }

  @Test("no gradient flows through X′, even if the attack's result has one")
  func detached() {
    let network = TinyTraining.network()
    let attack = RecordingAttack()
    let step = TinyTraining.step(network, pass: .training(dropout: nil, updatesStatistics: false))
    let adversarial = AdversarialTraining(InnerAttack(attack, epsilon: 0.2)).terms(step)[1].value
    let constant = network.forward(attack.made[0], step.pass).crossEntropy(step.labels).mean()
    let found = adversarial.gradients(of: network.learned)
    let expected = constant.gradients(of: network.learned)
    for (name, pair) in zip(network.learnedNames, zip(found, expected)) {
      #expect(pair.0.floats() == pair.1.floats(), "\(name)")
    }
  }

  @Test("X′ is made away from the predicted labels, whatever the true ones are")
  func predictedLabels() {
    let network = TinyTraining.network()
    let attack = RecordingAttack()
    let images = TinyTraining.data.batch(0..<20).images
    let pass = Pass.training(dropout: nil, updatesStatistics: false)
    let predicted = network.forward(images, pass).predictedClasses
    let wrong = Tensor(labels: predicted.int64s().map { (Int($0) + 1) % 10 })
    _ = AdversarialTraining(InnerAttack(attack, epsilon: 0.1)).terms(
      TrainingStep(network, Batch(images: images, labels: wrong), pass))
    #expect(attack.goals == [predicted.int64s()])
    #expect(attack.epsilons == [0.1])
  }

  @Test("the attack uses the network in training behaviour, with batch statistics")
  func trainingBehaviour() {
    let network = TinyTraining.network()
    let attack = RecordingAttack()
    let step = TinyTraining.step(network, pass: .training(dropout: nil, updatesStatistics: false))
    _ = AdversarialTraining(InnerAttack(attack, epsilon: 0.1)).terms(step)
    #expect(attack.logits[0].floats() == network.forward(step.images, step.pass).floats())
    #expect(attack.logits[0].floats() != network.logits(step.images).floats())
  }

  @Test(
    "running statistics are updated by the clean and the adversarial pass only"
  )
  func statistics() {
    let network = TinyTraining.network()
    let attack = RecordingAttack()
    _ = AdversarialTraining(InnerAttack(attack, epsilon: 0.2)).terms(TinyTraining.step(network))
    #expect(network["1.num_batches_tracked"].scalar == 2)

    let twice = TinyTraining.network()
    let step = TinyTraining.step(twice)
    _ = step.logits
    _ = twice.forward(attack.made[0], step.pass)
    for name in ["1.running_mean", "1.running_var"] {
      #expect(network[name].floats() == twice[name].floats())
    }
  }

  @Test("with FGSM, X′ is the result of the attack itself", arguments: [0.05, 0.3])
  func fastGradientSign(_ epsilon: Double) {
    let network = TinyTraining.network()
    let step = TinyTraining.step(network, pass: .training(dropout: nil, updatesStatistics: false))
    let goal = Goal.away(from: step.logits.detached.predictedClasses)
    let classifier = network.behaving(step.pass)
    let threat = ThreatModel(.linf, epsilon: epsilon, valueRange: 0...1)
    let images = FastGradientSign().perturb(
      step.images, goal, within: threat, against: classifier, draws: .of(step.images, 0))
    let expected = network.forward(images, step.pass).crossEntropy(step.labels).mean().scalar
    #expect(
      AdversarialTraining(InnerAttack(epsilon: epsilon)).terms(step)[1].value.scalar == expected)
  }

  @Test("FGSM fools the trained network less often")
  func hardens() throws {
    func robust(_ objective: any Objective) throws -> Double {
      let network = TinyTraining.network()
      _ = try Trainer(TinyTraining.settings(epochs: 10), objective: objective).train(
        network, on: TinyTraining.data, title: "test")
      let images = TinyTraining.data.batch(0..<200).images
      let labels = TinyTraining.data.labels
      let made = FastGradientSign().sweep(
        images, .away(from: labels), epsilons: [0.1], against: try network.frozen(),
        draws: .of(images, 0)
      )[0]
      return network.predictions(made).equals(labels).to(.float32).mean().scalar
    }
    let plain = try robust(CrossEntropy())
    let hardened = try robust(AdversarialTraining(InnerAttack(epsilon: 0.1)))
    #expect(hardened > plain + 0.05, "\(plain) → \(hardened)")
  }
}
