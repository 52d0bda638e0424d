import Support
import Testing

@testable import ModelCore

/// The optimizers' formulas for a single parameter, in double precision.
private struct Textbook {
  let rule: OptimizerRule
  var value: Double
  var first = 0.0
  var second = 0.0
  var steps = 0

  init(_ rule: OptimizerRule, _ value: Double) {
    self.rule = rule
    self.value = value
  }

  mutating func step(_ gradient: Double, factor: Double) {
    steps += 1
    switch rule {
    case .adam(let rate, let beta1, let beta2, let epsilon, let decay, let decoupled):
      let slope = decoupled ? gradient : gradient + decay * value
      if decoupled { value -= rate * factor * decay * value }
      first = beta1 * first + (1 - beta1) * slope
      second = beta2 * second + (1 - beta2) * slope * slope
      var power1 = 1.0
      var power2 = 1.0
      for _ in 0..<steps {
        power1 *= beta1
        power2 *= beta2
      }
      let mean = first / (1 - power1)
      let square = second / (1 - power2)
      value -= rate * factor * mean / (square.squareRoot() + epsilon)
    case .sgd(let rate, let momentum, let decay, let nesterov):
      let slope = gradient + decay * value
      first = steps == 1 ? slope : momentum * first + slope
      let direction = momentum == 0 ? slope : nesterov ? slope + momentum * first : first
      value -= rate * factor * direction
    }
  }
}

@Suite("Optimizers follow their formulas")
struct OptimizerTests {
  static let rules: [OptimizerRule] = [
    .adam(rate: 2e-4), .adam(rate: 0.1, epsilon: 1e-8),
    .adam(rate: 0.05, beta1: 0.5, beta2: 0.9, epsilon: 1e-2),
    .adam(rate: 0.1, weightDecay: 0.1), .adam(rate: 0.1, weightDecay: 0.1, decoupled: true),
    .sgd(rate: 0.1), .sgd(rate: 0.1, weightDecay: 0.05), .sgd(rate: 0.1, momentum: 0.9),
    .sgd(rate: 0.1, momentum: 0.9, nesterov: true),
    .sgd(rate: 0.05, momentum: 0.8, weightDecay: 0.1, nesterov: true),
    .sgd(rate: 0.1, nesterov: true),
  ]

  /// A convolution over three channels, whose weights lie in memory with channels last, and a
  /// linear layer.
  private func network() throws -> Network {
    let description = try NetworkDescription(
      input: InputShape(channels: 3, height: 4, width: 4),
      layers: LayerList(["conv 4 kernel 3", "flatten", "linear 2"]),
      classNames: ["a", "b"])
    return try Network(description, initialization: .kaimingNormal, seed: Seed(41))
  }

  /// Gradients of one step, row-major, of sizes from 0 to about 2.
  private func gradients(_ network: Network, step: Int) -> [Tensor] {
    let random = RandomSource(Seed(42).derive("\(step)"))
    return network.learned.map { random.normal($0.shape) }
  }

  private func numbers(_ tensors: [Tensor]) -> [Double] {
    tensors.flatMap { $0.floats().map(Double.init) }
  }

  private static let factors = [1, 0.5, 1, 0.25, 0, 1]

  @Test("six steps with changing factors agree with the formulas", arguments: rules)
  func steps(_ rule: OptimizerRule) throws {
    let network = try network()
    let optimizer = Optimizer(rule, for: network)
    let start = numbers(network.learned)
    var expected = start.map { Textbook(rule, $0) }
    for (step, factor) in Self.factors.enumerated() {
      let slopes = gradients(network, step: step)
      optimizer.step(slopes, factor: factor)
      for (index, slope) in numbers(slopes).enumerated() {
        expected[index].step(slope, factor: factor)
      }
    }
    let found = numbers(network.learned)
    let moved = zip(expected, start).map { abs($0.value - $1) }.max()!
    let error = zip(found, expected).map { abs($0 - $1.value) }.max()!
    #expect(error < 1e-5 * moved + 1e-6, "moved \(moved), off by \(error)")
    #expect(moved > 5e-4)
    #expect(optimizer.steps == 6)
  }

  @Test("the order of a gradient in memory does not matter", arguments: rules)
  func memoryOrder(_ rule: OptimizerRule) throws {
    let networks = [try network(), try network()]
    for (index, network) in networks.enumerated() {
      let slopes = gradients(network, step: 0).map { index == 0 ? $0.contiguous : $0.channelsLast }
      Optimizer(rule, for: network).step(slopes)
    }
    #expect(numbers(networks[0].learned) == numbers(networks[1].learned))
  }

  @Test("a restored optimizer continues as if it had not been interrupted", arguments: rules)
  func restored(_ rule: OptimizerRule) throws {
    let whole = try network()
    let uninterrupted = Optimizer(rule, for: whole)
    for step in 0..<4 { uninterrupted.step(gradients(whole, step: step)) }

    let parts = try network()
    let before = Optimizer(rule, for: parts)
    for step in 0..<2 { before.step(gradients(parts, step: step)) }
    let after = Optimizer(rule, for: parts)
    let state = Dictionary(uniqueKeysWithValues: before.state().map { ($0.name, $0.tensor) })
    try after.restore(state, steps: before.steps)
    for step in 2..<4 { after.step(gradients(parts, step: step)) }
    #expect(numbers(whole.learned) == numbers(parts.learned))
    #expect(after.steps == 4)
  }

  @Test(
    "a state with a tensor that is missing or of a wrong shape is refused",
    arguments: [true, false])
  func incomplete(_ isMissing: Bool) throws {
    let optimizer = Optimizer(.adam(), for: try network())
    var state = Dictionary(uniqueKeysWithValues: optimizer.state().map { ($0.name, $0.tensor) })
    state["optimizer.second.2.bias"] = isMissing ? nil : Tensor.zeros([5])
    #expect(
      throws: Failure.badData(
        "the checkpoint's state of the optimizer for '2.bias' is missing or does not fit")
    ) {
      try optimizer.restore(state, steps: 1)
    }
  }

  @Test("the tensors of the state are named after the parameters")
  func names() throws {
    let names = Optimizer(.adam(), for: try network()).state().map(\.name)
    let parameters = ["0.weight", "0.bias", "2.weight", "2.bias"]
    #expect(
      names == parameters.map { "optimizer.first.\($0)" }
        + parameters.map { "optimizer.second.\($0)" })
  }
}
