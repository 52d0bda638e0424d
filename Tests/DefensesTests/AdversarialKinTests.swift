import Attacks
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Defenses

@Suite("Forms of adversarial training")
struct AdversarialKinTests {
  private func looking(_ seed: UInt64? = nil) -> Pass {
    .training(dropout: seed.map { Seed($0) }, updatesStatistics: false)
  }

  private func loss(_ network: Network, _ images: Tensor, _ step: TrainingStep) -> Double {
    network.forward(images, step.pass.withoutUpdates).crossEntropy(step.labels).mean().scalar
  }

  @Test(
    "without clean images the loss is the adversarial term, from one pass"
  )
  func adversarialOnly() {
    let network = TinyTraining.network()
    let objective = AdversarialTraining(InnerAttack(epsilon: 0.1), clean: 0)
    let terms = objective.terms(TinyTraining.step(network, for: objective))
    #expect(terms.map(\.name) == ["adversarial"])
    #expect(terms[0].weight == 1)
    #expect(network["1.num_batches_tracked"].scalar == 1)
  }

  @Test("the terms have the chosen weights")
  func shares() {
    let terms = AdversarialTraining(InnerAttack(epsilon: 0.1), clean: 0.25).terms(
      TinyTraining.step(TinyTraining.network()))
    #expect(terms.map(\.weight) == [0.25, 0.75])
  }

  @Test("with true labels, X′ leads away from them")
  func trueLabels() {
    let network = TinyTraining.network()
    let step = TinyTraining.step(network, pass: looking())
    let found = AdversarialTraining(InnerAttack(epsilon: 0.1, labels: .true), clean: 0).terms(step)[
      0
    ].value
      .scalar
    let images = FastGradientSign().sweep(
      step.images, .away(from: step.labels), epsilons: [0.1], against: network.behaving(step.pass),
      draws: .of(step.images, 0))[0]
    #expect(found == loss(network, images, step))
  }

  @Test(
    "any registered attack can make the examples",
    arguments: ["pgd", "bim", "apgd", "mifgsm", "uniform-noise"])
  func innerAttacks(_ name: String) throws {
    let entries = [("attack", name), ("epsilon", "0.1")].map {
      Settings.Entry(name: $0, value: .scalar($1), place: "run.yaml:1")
    }
    let defense = try AdversarialTraining(Settings(entries, place: "run.yaml"))
    let terms = defense.terms(TinyTraining.step(TinyTraining.network(), 8, pass: looking(4)))
    #expect(terms.allSatisfy { $0.value.scalar.isFinite })
  }

  @Test("fast: one projected step of 1.25 ε from a random start that is not clipped")
  func fast() throws {
    let network = TinyTraining.network()
    let step = TinyTraining.step(network, pass: looking())
    let terms = FastAdversarialTraining(epsilon: 0.2).terms(step)
    #expect(terms.map(\.name) == ["adversarial"])

    let threat = ThreatModel(.linf, epsilon: 0.2, valueRange: 0...1)
    let noise = step.draws("random start").uniform([1, 14, 14], in: -1..<1)
    let start = step.images + noise * 0.2
    #expect(start.min().scalar < -0.19 && start.max().scalar > 1)
    let gradient = network.behaving(step.pass).inputGradient(at: start) {
      $0.crossEntropy(step.labels).sum()
    }
    let expected = threat.project(start + gradient.sign * 0.25, around: step.images)
    #expect(abs(terms[0].value.scalar - loss(network, expected, step)) < 1e-6)
  }

  @Test("TRADES: the divergence is not negative, zero without a budget, and grows with it")
  func divergence() {
    let network = TinyTraining.network()
    let values = [0, 0.05, 0.3].map { epsilon in
      let terms = Trades(epsilon: epsilon, beta: 2).alone.terms(
        TinyTraining.step(network, pass: looking()))
      #expect(terms.map(\.name) == ["cross-entropy", "divergence"])
      #expect(terms.map(\.weight) == [1, 2])
      return terms[1].value.scalar
    }
    #expect(abs(values[0]) < 1e-6)
    #expect(values[1] > 1e-4)
    #expect(values[2] > values[1])
  }

  @Test("TRADES: the divergence is Σ p · log(p / q), with p of the clean images")
  func direction() {
    let (p, q) = (
      Tensor([0.5, 0.25, 0.25] as [Float], shape: [1, 3]),
      Tensor([0.25, 0.25, 0.5] as [Float], shape: [1, 3])
    )
    let found = Trades.divergence(p.logarithm, q.logarithm).scalar
    #expect(abs(found - (0.5 * Foundation.log(2) - 0.25 * Foundation.log(2))) < 1e-6)
    let network = TinyTraining.network()
    let step = TinyTraining.step(network)
    _ = Trades(epsilon: 0.2, StepSchedule(steps: 3, relative: 2.5)).terms(step)
    #expect(network["1.num_batches_tracked"].scalar == 2, "the attack inside moves no statistics")
  }

  @Test(
    "TRADES: X′ is the result of a plain loop of projected steps on the divergence"
  )
  func plainLoop() {
    let network = TinyTraining.network()
    let step = TinyTraining.step(network, pass: looking())
    let found = Trades(epsilon: 0.1, StepSchedule(steps: 4, alpha: 0.04, relative: 2.5)).terms(
      step)[0].value.scalar
    let images = step.images
    let p = network.logits(images).softmax().detached
    var x =
      (images
      + step.draws("TRADES start").normal(Array(images.shape.dropFirst())) * 0.001).clamped(
        to: 0...1)
    for _ in 0..<4 {
      let variable = x.tracked
      let q = network.logits(variable).logSoftmax()
      // Without the entropy of p, which is a constant, the divergence is the cross-entropy.
      let slope = (-(p * q)).sum().gradient(of: variable)
      x = (x + slope.sign * 0.04).maximum(images - 0.1).minimum(images + 0.1).clamped(to: 0...1)
    }
    let (clean, moved) = (
      network.forward(images, step.pass).softmax(), network.forward(x, step.pass).softmax()
    )
    let expected = (clean * (clean / moved).logarithm).sum([1]).mean().scalar
    #expect(abs(found - expected) < 1e-3 * expected)
  }

  @Test("TRADES: steps increase the divergence far beyond that of the random start")
  func climbs() {
    let network = TinyTraining.network()
    func divergence(steps: Int, alpha: Double?) -> Double {
      let trades = Trades(epsilon: 0.1, StepSchedule(steps: steps, alpha: alpha, relative: 2.5))
      return trades.terms(TinyTraining.step(network, pass: .evaluation))[0].value.scalar
    }
    let start = divergence(steps: 1, alpha: 0)
    #expect(divergence(steps: 1, alpha: nil) > 10 * start)
    #expect(divergence(steps: 10, alpha: nil) > 10 * start)
  }

  @Test("ensemble: X′ comes from a random source, which may be the network itself")
  func ensemble() throws {
    let folder = TemporaryFolder()
    let other = TinyTraining.network(seed: 79)
    try ModelFile.write(other, training: nil, to: folder.appending("o.safetensors"))
    let entries = [
      Settings.Entry(
        name: "sources", value: .list([.scalar("o.safetensors")]), place: "run.yaml:1"),
      Settings.Entry(name: "labels", value: .scalar("true"), place: "run.yaml:2"),
    ]
    let defense = try EnsembleAdversarialTraining(
      Settings(entries, place: "run.yaml", folder: folder.url))
    #expect(defense.dependencies == ["source 0": other.fingerprint])
    let network = TinyTraining.network()
    let objective = try defense.objective(TinyTraining.preparation(network))
    let plain = TinyTraining.step(network, pass: looking())
    let goal = Goal.away(from: plain.labels)
    let own = FastGradientSign().sweep(
      plain.images, goal, epsilons: [0.3], against: network.behaving(plain.pass),
      draws: .of(plain.images, 0))[
        0]
    let frozen = try other.frozen()
    let foreign = FastGradientSign().sweep(
      plain.images, goal, epsilons: [0.3], against: frozen, draws: .of(plain.images, 0))[0]
    let expected = [own, foreign].map { loss(network, $0, plain) }
    // Without dropout the pass is the same for every seed, and only the source is random.
    let found = (0..<12).map { seed in
      let terms = objective.terms(
        TinyTraining.step(
          Self.withoutDropout(network), pass: looking(), seed: UInt64(seed)))
      return terms[1].value.scalar
    }
    let nearest = found.map { value in expected.firstIndex { abs($0 - value) < 1e-4 } }
    #expect(Set(nearest) == [0, 1], "\(found), \(expected)")
  }

  /// A network with the same weights and a dropout probability of zero.
  private static func withoutDropout(_ network: Network) -> Network {
    let layers = network.description.layers.texts.map {
      $0.hasPrefix("dropout") ? "dropout 0.0" : $0
    }
    let description = try! NetworkDescription(
      input: network.inputShape, layers: LayerList(layers),
      classNames: network.description.classNames)
    return try! Network(
      description,
      tensors: Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor) }))
  }
}
