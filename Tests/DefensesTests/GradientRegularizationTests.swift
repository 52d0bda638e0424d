import Datasets
import Defenses
import ModelCore
import Support
import Testing

@Suite("Gradient regularisation")
struct GradientRegularizationTests {
  /// A network that is smooth in its inputs, with batch normalisation and dropout.
  private func smoothNetwork() throws -> Network {
    let layers = [
      "conv 6 kernel 4 stride 2 padding 1", "batchnorm", "tanh", "flatten", "dropout 0.2",
      "linear 20", "softplus",
      "linear 10",
    ]
    let description = try NetworkDescription(
      input: TinyTraining.data.shape, layers: LayerList(layers),
      classNames: TinyTraining.data.classNames)
    return try Network(description, initialization: .kaimingUniform, seed: Seed(11))
  }

  private func training(_ seed: UInt64?) -> Pass {
    .training(dropout: seed.map { Seed($0) }, updatesStatistics: false)
  }

  private func penalty(_ objective: GradientRegularization, _ step: TrainingStep) -> Tensor {
    objective.terms(step)[0].value
  }

  @Test("the terms are the cross-entropy and the penalty, with its name and weight λ")
  func terms() throws {
    let terms = GradientRegularization(.l1, lambda: 3).alone.terms(
      TinyTraining.step(try smoothNetwork()))
    #expect(terms.map(\.name) == ["cross-entropy", "l1"])
    #expect(terms.map(\.weight) == [1, 3])
  }

  @Test(
    "in evaluation behaviour the penalty is the mean over single images",
    arguments: GradientPenalty.allCases)
  func meanOverImages(_ kind: GradientPenalty) throws {
    let network = try smoothNetwork()
    let objective = GradientRegularization(kind)
    let data = TinyTraining.data
    let masks = Tensor.ones([6] + data.shape.sizes)
    let whole = penalty(
      objective, TinyTraining.step(network, 6, pass: .evaluation, masks: masks)
    ).scalar
    let alone = (0..<6).map { index in
      let one = data.batch(index..<index + 1)
      let annotations = Annotations(labels: one.labels, masks: Tensor.ones(one.images.shape))
      let batch = Batch(images: one.images, annotations: annotations)
      return penalty(objective, TrainingStep(network, batch, .evaluation)).scalar
    }
    #expect(abs(whole - alone.reduce(0, +) / 6) < 1e-5 * whole)
  }

  @Test("running statistics are updated once, with both methods", arguments: [nil, 0.01])
  func statistics(_ step: Double?) throws {
    let plain = try smoothNetwork()
    _ = CrossEntropy().terms(TinyTraining.step(plain))
    let network = try smoothNetwork()
    _ = GradientRegularization(method: step == nil ? .exact : .finiteDifference, step: step ?? 1)
      .alone.terms(
        TinyTraining.step(network))
    #expect(network["1.num_batches_tracked"].scalar == 1)
    #expect(network["1.running_mean"].floats() == plain["1.running_mean"].floats())
  }

  @Test("the input gradient uses the pass of the cross-entropy, with its dropout masks")
  func samePass() throws {
    let network = try smoothNetwork()
    let step = TinyTraining.step(network, pass: training(5))
    let found = penalty(GradientRegularization(), step).scalar
    let variable = step.images.tracked
    let logits = network.forward(variable, training(5).purpose("clean images"))
    let gradient = logits.crossEntropy(step.labels).sum().gradient(of: variable)
    #expect(abs(found - gradient.square.sum().scalar / 20) < 1e-5 * found)
    let other = TinyTraining.step(network, pass: training(6))
    #expect(abs(penalty(GradientRegularization(), other).scalar - found) > 1e-3 * found)
  }

  @Test(
    "the gradient in the parameters agrees with central differences",
    arguments: GradientPenalty.allCases)
  func derivative(_ kind: GradientPenalty) throws {
    let network = try smoothNetwork()
    let objective = GradientRegularization(kind)
    let step = { TinyTraining.step(network, pass: self.training(nil)) }
    let value = penalty(objective, step())
    let weight = network["5.weight"]
    let slope = value.gradient(of: weight).detached
    let direction = slope / slope.square.sum().squareRoot.scalar
    let h = 1e-2
    let moved = try [h, -h].map { move in
      let start = Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor) })
      defer { try? network.restore(start) }
      try network.restore(start.merging(["5.weight": weight.detached + direction * move]) { $1 })
      return penalty(objective, step()).scalar
    }
    let found = (slope * direction).sum().scalar
    #expect(abs((moved[0] - moved[1]) / (2 * h) - found) < 1e-2 * found)
  }

  @Test(
    "finite differences give the exact value, and gradients within two percent",
    arguments: GradientPenalty.allCases, [true, false])
  func approximation(_ kind: GradientPenalty, _ usesBatch: Bool) throws {
    let network = try smoothNetwork()
    let pass = usesBatch ? training(nil) : .evaluation
    let masks = RandomSource(Seed(12)).uniform([20] + TinyTraining.data.shape.sizes)
    let values = [GradientRegularization.Method.exact, .finiteDifference].map {
      method in
      penalty(
        GradientRegularization(kind, method: method),
        TinyTraining.step(network, pass: pass, masks: masks))
    }
    let (exact, near) = (values[0], values[1])
    #expect(abs(near.scalar - exact.scalar) <= 1e-5 * exact.scalar)
    let pairs = zip(near.gradients(of: network.learned), exact.gradients(of: network.learned))
    for (name, pair) in zip(network.learnedNames, pairs) {
      let scale = pair.1.absolute.max().scalar
      // A bias before batch normalisation has no effect, and its gradient is rounding noise.
      guard !(usesBatch && name == "0.bias") else { continue }
      #expect((pair.0 - pair.1).absolute.max().scalar <= 0.02 * scale, "\(name)")
    }
  }

  @Test(
    "finite differences use the same dropout masks in both passes")
  func approximationWithDropout() throws {
    let network = try smoothNetwork()
    let objective = GradientRegularization(method: .finiteDifference)
    let slopes: [[Float]] = [5, 5, 6].map { (seed: UInt64) in
      let value = penalty(objective, TinyTraining.step(network, pass: training(seed)))
      return value.gradient(of: network["5.weight"]).floats()
    }
    #expect(slopes[0] == slopes[1])
    #expect(slopes[0] != slopes[2])
    // With other masks in the second pass, the difference divided by t would be larger by orders of
    // magnitude.
    let exact = penalty(GradientRegularization(), TinyTraining.step(network, pass: training(5)))
    let size = exact.gradient(of: network["5.weight"]).square.sum().squareRoot.scalar
    #expect(slopes[0].map { Double($0 * $0) }.reduce(0, +).squareRoot() < 3 * size)
  }

  @Test(
    "an input gradient of zero gives a penalty of zero, without a gradient",
    arguments: [nil, 0.01])
  func zeroGradient(_ step: Double?) throws {
    let network = try smoothNetwork()
    let saturated = network.state().map { name, tensor in
      (
        name,
        name == "7.weight"
          ? tensor * 0 : name == "7.bias" ? Tensor.range(10).to(.float32) * 1000 : tensor
      )
    }
    let sure = try Network(
      network.description, tensors: Dictionary(uniqueKeysWithValues: saturated))
    let images = TinyTraining.data.batch(0..<4).images
    let method = step == nil ? GradientRegularization.Method.exact : .finiteDifference
    let value = penalty(
      GradientRegularization(method: method),
      TrainingStep(
        sure, Batch(images: images, labels: Tensor(labels: [9, 9, 9, 9])), .evaluation))
    #expect(value.scalar == 0)
    for gradient in value.gradients(of: sure.learned) {
      #expect(gradient.absolute.max().scalar == 0)
    }
  }
}
