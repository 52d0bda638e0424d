import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("Ghost networks and mixed images")
struct GhostNetworkTests {
  private let images = RandomSource(Seed(1)).uniform([3, 1, 4, 4])
  private var draws: ExampleDraws { .of(images, 2) }

  private func network(_ layers: [String]) throws -> Network {
    try Network(
      NetworkDescription(
        input: InputShape(channels: 1, height: 4, width: 4), layers: LayerList(layers),
        classNames: ["0", "1"], valueRange: 0...1),
      initialization: .xavierUniform, seed: Seed(3))
  }

  private func ghost(_ view: GhostNetworks, _ network: Network, _ draws: ExampleDraws) -> Tensor {
    withoutGradients { view.altered(network, draws).logits(images) }
  }

  @Test("without changes a ghost is the network, bit for bit")
  func unchanged() throws {
    for layers in [
      ["flatten", "linear 8", "relu", "linear 2"],
      ["residual [conv 1 kernel 3 padding 1]", "flatten", "linear 2"],
    ] {
      let network = try network(layers)
      let found = ghost(GhostNetworks(dropout: 0, shortcut: 0), network, draws)
      #expect(found.floats() == withoutGradients { network.logits(images) }.floats())
    }
  }

  @Test("a shortcut is scaled by a factor in [1 − Λ, 1 + Λ), one for each image")
  func shortcuts() throws {
    // The body is zero, so the logits are the factor times those of the network.
    let plain = try network(["residual [conv 1 kernel 1 bias off]", "flatten", "linear 2 bias off"])
    var state = Dictionary(uniqueKeysWithValues: plain.state())
    state["0.body.0.weight"] = state["0.body.0.weight"]! * 0
    try plain.restore(state)
    let view = GhostNetworks(dropout: 0, shortcut: 0.2)
    let expected = withoutGradients { plain.logits(images) }
    var factors: [Float] = []
    for draw in 0..<50 {
      let found = ghost(view, plain, draws.purpose("\(draw)"))
      let ratios = (found / expected).floats()
      for row in 0..<3 { #expect(abs(ratios[2 * row] - ratios[2 * row + 1]) < 1e-4) }
      factors += [ratios[0], ratios[2], ratios[4]]
    }
    #expect(factors.allSatisfy { $0 > 0.7999 && $0 < 1.2001 })
    #expect(factors.min()! < 0.83 && factors.max()! > 1.17)
    #expect(Set(factors).count == factors.count)
  }

  @Test("dropout changes the inputs of later layers and keeps their mean")
  func dropout() throws {
    let plain = try network(["flatten", "linear 50", "linear 2"])
    let view = GhostNetworks(dropout: 0.3)
    let all = (0..<400).map { ghost(view, plain, draws.purpose("\($0)")) }
    let mean = all.reduce(all[0] * 0, +) / Double(all.count)
    let spread = Tensor.stack(all.map { ($0 - mean).square }).mean([0]).squareRoot
    let expected = withoutGradients { plain.logits(images) }
    #expect(spread.max().scalar > 0.05)
    // The standard error of the mean of 400 draws is a twentieth of their spread.
    #expect(((mean - expected).absolute - spread / 4).max().scalar < 0)
  }

  @Test("a ghost counts as a pass of the network, and a model of unknown layers is refused")
  func refused() throws {
    let plain = try network(["flatten", "linear 8", "relu", "linear 2"])
    let counter = QueryCounter(plain)
    let plan = try AttackCase(text: "bim views=ghost steps=3 epsilon=0.1").plan()
    try plan.check(against: plain)
    let labels = Tensor(labels: [0, 1, 0])
    _ = plan.sweep(images, labels: labels, against: counter) { draws.purpose($0) }
    #expect(counter.forwards == 9 && counter.backwards == 9)
    #expect(throws: Failure.self) { try plan.check(against: Ensemble([plain, plain])) }
  }

  @Test("the admixed gradient is the mean over other images and scales")
  func admix() {
    // The gradient of Σ xᵢ³ at the copy (x + η·x′) / 2ⁱ is 3·(x + η·x′)² / 8ⁱ.
    let curved = GradientEstimate { x, _, view in
      withGradients {
        let variable = x.tracked
        return view(variable).power(3).sum().gradient(of: variable).detached
      }
    }
    let other = RandomSource(Seed(4)).uniform([1, 1, 4, 4])
    let view = Admix(share: 0.4, others: 2, scales: 3).mixing(other)
    let threat = ThreatModel(.linf, epsilon: 0.1, valueRange: 0...1)
    let found = view.estimate(curved, within: threat)(images, draws)
    let expected = (images + other * 0.4).square * (3 * (1 + 1.0 / 8 + 1.0 / 64) / 3)
    #expect((found - expected).absolute.max().scalar < 1e-5)
  }

  @Test("a plan with the view admix asks for training images and mixes them in")
  func sample() throws {
    let model = TinyModel.all[1]
    let plan = try AttackCase(text: "bim views=admix steps=2 epsilon=0.2").plan()
    #expect(plan.sampleSize == 500)
    #expect(try AttackCase(text: "bim views=si steps=2 epsilon=0.2").plan().sampleSize == 0)
    let inside = try AttackCase(text: "bisection of=bim views=admix steps=2 epsilon=0.2").plan()
    #expect(inside.sampleSize == 500)
    let lesson = TrainingSample(
      images: model.images.narrow(0, 50, 50), labels: model.labels.narrow(0, 50, 50))
    let ready = plan.prepared(by: lesson, against: model.classifier, seed: Seed(5))
    func run(_ rows: Range<Int>) -> Tensor {
      ready.sweep(
        model.images.narrow(0, rows.lowerBound, rows.count),
        labels: model.labels.narrow(0, rows.lowerBound, rows.count),
        against: OneByOne(classifier: model.classifier)
      ) { ExampleDraws(Seed(6).derive($0), examples: Array(rows)) }.adversarial[0]
    }
    // With training images to mix in, the result of an image does not depend on its batch.
    #expect(run(3..<7).floats() == run(0..<10).narrow(0, 3, 4).floats())
  }
}
