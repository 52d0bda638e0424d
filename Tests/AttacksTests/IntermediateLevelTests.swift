import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("The intermediate level attack")
struct IntermediateLevelTests {
  private let model = TinyModel.all[1]
  private var images: Tensor { model.images.narrow(0, 0, 40) }
  private var labels: Tensor { model.labels.narrow(0, 0, 40) }

  private func found(_ attack: any Attack, _ classifier: any Classifier, _ epsilon: Double = 0.2)
    -> Tensor
  {
    let threat = attack.threat(epsilon, against: classifier)
    return attack.perturb(
      images, .away(from: labels), within: threat, against: classifier, draws: .of(images, 1))
  }

  @Test("it goes farther in the direction of the other attack, at its level", arguments: [1, 2, 3])
  func farther(_ level: Int) throws {
    let other = BasicIterativeMethod()
    let layer = LayerOutputs(of: model.classifier, at: level)
    func outputs(_ x: Tensor) -> Tensor { layer.logits(x) - layer.logits(images) }
    let direction = outputs(found(other, model.classifier))
    let ours = outputs(found(IntermediateLevelAttack(of: other, level: level), model.classifier))
    let length = direction.square.sum([1])
    let shares = ((ours * direction).sum([1]) / length).floats()
    #expect(shares.count { $0 > 1 } >= 34, "\(shares)")
  }

  @Test("levels are what the layers with weights receive, in the frozen form, too")
  func levels() throws {
    let (plain, frozen) = (TinyModel.all[0].classifier, TinyModel.all[1].classifier)
    // Two convolutions and two linear layers.
    #expect(LayerOutputs.levels(of: plain) == 3 && LayerOutputs.levels(of: frozen) == 3)
    let network = try #require(plain as? Network)
    let weighted = network.description.layers.texts.indices.filter {
      ["conv", "linear"].contains(network.description.layers.texts[$0].prefix { $0 != " " })
    }
    for level in 1...3 {
      let expected = network.forward(images, .evaluation, layers: 0..<weighted[level]).flattened
      for classifier in [plain, frozen, QueryCounter(frozen)] {
        let outputs = LayerOutputs(of: classifier, at: level).logits(images)
        #expect((outputs - expected).absolute.max().scalar < 1e-4)
      }
    }
    let middle = LayerOutputs(of: plain, at: nil).logits(images)
    #expect(middle.floats() == LayerOutputs(of: plain, at: 2).logits(images).floats())
  }

  @Test("a classifier without known layers is attacked at its logits, and has no levels")
  func withoutLayers() throws {
    let unknown = OneByOne(classifier: model.classifier)
    #expect(LayerOutputs.levels(of: unknown) == 0)
    let outputs = LayerOutputs(of: unknown, at: nil).logits(images)
    #expect(outputs.floats() == unknown.logits(images).floats())
    try IntermediateLevelAttack().check(against: unknown)
    #expect(throws: Failure.self) {
      try IntermediateLevelAttack(level: 1).check(against: unknown)
    }
  }

  @Test("passes through the first layers count as passes of the model")
  func passes() {
    let counter = QueryCounter(model.classifier)
    let attack = IntermediateLevelAttack(steps: 4)
    _ = found(attack, counter)
    #expect(counter.passes == 10 + 2 + 4)
    let threat = attack.threat(0.2, against: counter)
    #expect(attack.mostPasses(within: [threat], classes: 2) == 16)
  }

  @Test("levels that the model does not have, and attacks in ℓ0, are refused")
  func refused() throws {
    try IntermediateLevelAttack(level: 3).check(against: model.classifier)
    #expect(throws: Failure.self) {
      try IntermediateLevelAttack(level: 4).check(against: model.classifier)
    }
    #expect(throws: Failure.self) {
      try AttackCase(text: "ila of=jsma epsilon=0.1").plan()
    }
  }
}
