import CTorch
import Support

/// The rule by which gradients move parameters.
public enum OptimizerRule: Sendable, Equatable {
  /// Kingma & Ba, 2015; with `decoupled` weight decay it is AdamW (Loshchilov & Hutter, 2019). ε is
  /// added to √v̂.
  case adam(
    rate: Double = 2e-4, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-4,
    weightDecay: Double = 0,
    decoupled: Bool = false)
  /// θ ← θ − rate·(momentum buffer), PyTorch's form.
  case sgd(rate: Double, momentum: Double = 0, weightDecay: Double = 0, nesterov: Bool = false)

  /// The learning rate before any schedule.
  public var rate: Double {
    switch self {
    case .adam(let rate, _, _, _, _, _), .sgd(let rate, _, _, _): rate
    }
  }
}

/// An optimizer at work on one list of parameters: its rule and what it remembers between steps.
public final class Optimizer {
  public let rule: OptimizerRule
  /// Steps taken so far.
  public private(set) var steps = 0
  private let parameters: [Tensor]
  private let names: [String]
  /// Running means of gradients, and (for Adam) of their squares, in the order of the parameters.
  private var first: [Tensor]
  private var second: [Tensor]

  public init(_ rule: OptimizerRule, for network: Network) {
    self.rule = rule
    parameters = network.learned
    names = network.learnedNames
    let zeros = { (network.learned).map { ($0.detached * 0).channelsLast } }
    first = zeros()
    second = if case .adam = rule { zeros() } else { [] }
  }

  /// Moves every parameter once, in place, with the learning rate scaled by `factor`.
  public func step(_ gradients: [Tensor], factor: Double = 1) {
    steps += 1
    let values = parameters.map(\.reference)
    let slopes = gradients.map(\.reference)
    let means = first.map(\.reference)
    let count = Int32(values.count)
    let done: Bool
    switch rule {
    case .adam(let rate, let beta1, let beta2, let epsilon, let weightDecay, let decoupled):
      let settings = ct_adam(
        rate: rate * factor, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weight_decay: weightDecay,
        decoupled: decoupled)
      done = ct_adam_step(
        values, slopes, means, second.map(\.reference), count, Int64(steps), settings)
    case .sgd(let rate, let momentum, let weightDecay, let nesterov):
      done = ct_sgd_step(
        values, slopes, means, count, rate * factor, momentum, weightDecay,
        nesterov && momentum > 0, steps == 1)
    }
    guard done else { Engine.refuse() }
    // Gradients' histories refer to the handles, which stay alive until here.
    withExtendedLifetime((gradients, first, second)) {}
  }

  /// What has to be kept to go on later: `optimizer.first.<parameter>` and
  /// `optimizer.second.<parameter>`.
  public func state() -> [(name: String, tensor: Tensor)] {
    zip(names, first).map { ("optimizer.first.\($0)", $1.copy().to(.cpu).contiguous) }
      + zip(names, second).map { ("optimizer.second.\($0)", $1.copy().to(.cpu).contiguous) }
  }

  /// Goes on from a kept state; a state that lacks something changes nothing.
  public func restore(_ state: [String: Tensor], steps: Int) throws {
    func kept(_ buffers: [Tensor], _ kind: String) throws -> [Tensor] {
      try zip(names, buffers).map { name, buffer in
        guard let kept = state["optimizer.\(kind).\(name)"], kept.shape == buffer.shape,
          kept.type == buffer.type
        else {
          throw Failure.badData("the checkpoint lacks the optimizer's state of '\(name)'")
        }
        return kept.to(buffer.device)
      }
    }
    let (means, squares) = (try kept(first, "first"), try kept(second, "second"))
    for (buffer, values) in zip(first + second, means + squares) { buffer.assign(values) }
    self.steps = steps
  }
}
