import Datasets
import ModelCore
import Support
import Testing

@testable import Defenses

@Suite("Curvature regularisation")
struct CurvatureRegularizationTests {
  private let shape = InputShape(channels: 1, height: 3, width: 3)

  private func network(_ layers: [String]) throws -> Network {
    let description = try NetworkDescription(
      input: shape, layers: LayerList(layers), classNames: (0..<4).map(String.init))
    return try Network(description, initialization: .kaimingUniform, seed: Seed(21))
  }

  private func step(_ network: Network, _ count: Int, seed: UInt64 = 0) -> TrainingStep {
    let random = RandomSource(Seed(22))
    let images = random.uniform([count, 1, 3, 3])
    let labels = random.integers(below: 4, [count])
    return TrainingStep(
      network, Batch(images: images, labels: labels), .evaluation, seed: Seed(seed))
  }

  private func penalty(
    _ method: CurvatureRegularization.Method, _ step: TrainingStep, samples: Int = 1
  ) -> Tensor {
    CurvatureRegularization(method: method, samples: samples).terms(step)[0].value
  }

  private let curved = ["flatten", "linear 8", "tanh", "linear 4"]

  @Test("for logistic regression, H = Wᵀ (diag p − p pᵀ) W for every label")
  func closedForm() throws {
    let network = try network(["flatten", "linear 4"])
    let weight = network["1.weight"].detached
    let step = step(network, 5)
    let probabilities = step.logits.detached.softmax()
    let norms = (0..<5).map { image in
      let p = probabilities.select(0, image).reshaped([4, 1])
      let diagonal = Tensor.range(4).oneHot(classes: 4) * p
      let hessian = weight.transposed.matmul(diagonal - p.matmul(p.transposed)).matmul(weight)
      return hessian.square.sum().scalar
    }
    let expected = norms.reduce(0, +) / 5
    #expect(abs(penalty(.exact, step).scalar - expected) < 1e-5 * expected)
  }

  @Test("the log-odds of logistic regression with two classes are linear: no curvature")
  func linearLogOdds() throws {
    let description = try NetworkDescription(
      input: shape, layers: LayerList(["flatten", "linear 2"]), classNames: ["a", "b"])
    let network = try Network(description, initialization: .kaimingUniform, seed: Seed(5))
    let images = RandomSource(Seed(6)).uniform([4, 1, 3, 3])
    let step = TrainingStep(
      network, Batch(images: images, labels: Tensor(labels: [0, 1, 1, 0])), .evaluation)
    let loss = CurvatureRegularization(method: .exact).terms(step)[0].value.scalar
    let logOdds = CurvatureRegularization(of: .logOdds, method: .exact).terms(step)[0].value.scalar
    #expect(loss > 1e-4)
    #expect(logOdds < 1e-10 * loss)
  }

  @Test("the curvature of the log-odds is that of differences of their gradients")
  func logOddsByDifferences() throws {
    let network = try network(curved)
    let step = step(network, 3)
    let width = 1e-2
    func gradient(_ x: Tensor) -> Tensor {
      let x = x.tracked
      return network.logits(x).logOdds(of: step.labels).sum().gradient(of: x).detached.flattened
    }
    let squares = (0..<9).map { pixel in
      let move = Tensor(labels: [pixel]).oneHot(classes: 9).reshaped([1, 1, 3, 3]) * width
      let ends = gradient(step.images + move) - gradient(step.images - move)
      return (ends / (2 * width)).square.sum().scalar / 3
    }
    let expected = squares.reduce(0, +)
    let value = CurvatureRegularization(of: .logOdds, method: .exact).terms(step)[0].value.scalar
    #expect(abs(value - expected) < 2e-2 * expected, "\(value), by differences \(expected)")
  }

  @Test("the mean over many directions is the exact value, within five percent")
  func unbiased() throws {
    let network = try network(curved)
    let exact = penalty(.exact, step(network, 4)).scalar
    let estimated = penalty(.stochastic, step(network, 4), samples: 1500).scalar
    #expect(exact > 0)
    #expect(abs(estimated - exact) < 0.05 * exact, "\(estimated), exactly \(exact)")
  }

  @Test("random directions depend on the step's seed")
  func seeds() throws {
    let network = try network(curved)
    let values = [1, 1, 2].map {
      penalty(.stochastic, step(network, 4, seed: $0)).scalar
    }
    #expect(values[0] == values[1])
    #expect(values[0] != values[2])
  }

  @Test("a network that is certain of its classes has no curvature and no gradient")
  func sure() throws {
    let network = try network(["flatten", "linear 4"])
    let state = Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor * 1e4) })
    let sure = try Network(network.description, tensors: state)
    for method in CurvatureRegularization.Method.allCases {
      let value = penalty(method, step(sure, 4), samples: 2)
      #expect(value.scalar == 0)
      for slope in value.gradients(of: sure.learned) { #expect(slope.absolute.max().scalar == 0) }
    }
  }

  @Test("the gradient in the parameters agrees with central differences")
  func derivative() throws {
    let network = try network(curved)
    try expectDerivative(of: "3.weight", network) { self.penalty(.exact, self.step(network, 4)) }
  }

  @Test(
    "the gradient is also right with convolution, batch statistics, pooling and dropout",
    arguments: ["0.weight", "1.weight", "6.weight"])
  func derivativeInTraining(_ parameter: String) throws {
    let layers = [
      "conv 8 kernel 3 padding 1", "batchnorm", "tanh", "maxpool 2", "flatten", "dropout 0.2",
      "linear 10",
    ]
    let description = try NetworkDescription(
      input: TinyTraining.data.shape, layers: LayerList(layers),
      classNames: TinyTraining.data.classNames)
    let network = try Network(description, initialization: .kaimingUniform, seed: Seed(23))
    try expectDerivative(of: parameter, network) {
      let pass = Pass.training(dropout: Seed(24), updatesStatistics: false)
      return self.penalty(
        .stochastic, TinyTraining.step(network, 8, pass: pass), samples: 2)
    }
  }

  /// Compares the slope of a value along its gradient in a parameter with a central difference.
  private func expectDerivative(of name: String, _ network: Network, _ value: () -> Tensor) throws {
    let parameter = network[name]
    let slope = value().gradient(of: parameter).detached
    let direction = slope / slope.square.sum().squareRoot.scalar
    let start = Dictionary(uniqueKeysWithValues: network.state().map { ($0.name, $0.tensor) })
    // Small enough that no maximum of a pooling window changes on the way.
    let h = 5e-4
    let moved = try [h, -h].map { move in
      try network.restore(start.merging([name: start[name]! + direction * move]) { $1 })
      return value().scalar
    }
    try network.restore(start)
    let found = (slope * direction).sum().scalar
    #expect(abs((moved[0] - moved[1]) / (2 * h) - found) < 2e-2 * found, "\(moved), \(found)")
  }

  @Test("in training behaviour the penalty is finite, and uses one pass")
  func training() throws {
    let network = TinyTraining.network()
    let step = TinyTraining.step(network, pass: .training(dropout: Seed(3)))
    let terms = CurvatureRegularization().alone.terms(step)
    #expect(terms.map(\.name) == ["cross-entropy", "curvature"])
    #expect(terms[1].value.scalar > 0)
    #expect(network["1.num_batches_tracked"].scalar == 1)
  }
}
