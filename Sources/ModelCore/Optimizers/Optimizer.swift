import CTorch
import Support

/// The rule by which an optimizer changes each parameter θ, given its gradient g.
///
/// The formulas are those of PyTorch's optimizers of the same names, element by element.
public enum OptimizerRule: Sendable, Equatable {
  /// Adam (Kingma & Ba, 2015). In step t, counted from 1:
  ///
  ///     m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²
  ///     θ ← θ − rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
  ///
  /// `weightDecay` w adds w·θ to the gradient first. If it is `decoupled`, the step subtracts
  /// rate·w·θ from θ instead (AdamW; Loshchilov & Hutter, 2019).
  case adam(
    rate: Double = OptimizerRule.defaultAdamRate, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-4, weightDecay: Double = 0, decoupled: Bool = false)

  /// Stochastic gradient descent with a momentum buffer b, which is g in the first step:
  ///
  ///     b ← momentum·b + g,   θ ← θ − rate·b
  ///
  /// With `nesterov`, θ ← θ − rate·(g + momentum·b) instead. `weightDecay` w adds w·θ to the
  /// gradient first.
  case sgd(rate: Double, momentum: Double = 0, weightDecay: Double = 0, nesterov: Bool = false)

  /// The learning rate of Adam and AdamW unless another is given.
  public static let defaultAdamRate = 1e-3

  /// The learning rate, before a schedule scales it.
  public var rate: Double {
    switch self {
    case .adam(let rate, _, _, _, _, _), .sgd(let rate, _, _, _): rate
    }
  }
}

/// Trains the learned parameters of one network: a rule, and the state that it keeps from step to
/// step.
public final class Optimizer {
  public let rule: OptimizerRule
  /// The number of steps taken so far.
  public private(set) var steps = 0
  private let parameters: [Tensor]
  private let names: [String]
  /// Adam's m, or the momentum buffers of SGD, in the order of the parameters.
  private var first: [Tensor]
  /// Adam's v; empty for SGD.
  private var second: [Tensor]

  public init(_ rule: OptimizerRule, for network: Network) {
    self.rule = rule
    parameters = network.learned
    names = network.learnedNames
    let zeros = { (network.learned).map { ($0.detached * 0).channelsLast } }
    first = zeros()
    second = if case .adam = rule { zeros() } else { [] }
  }

  /// Takes one step: changes all parameters in place.
  ///
  /// - Parameters:
  ///   - gradients: the gradient of each learned parameter, in the order of `Network.learned`.
  ///   - factor: what the learning rate is multiplied by in this step.
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
    // The C function reads the handles of these tensors, so the tensors must live until here.
    withExtendedLifetime((gradients, first, second)) {}
  }

  /// A copy of the state, from which training can continue later, as tensors named
  /// `optimizer.first.<parameter>` and `optimizer.second.<parameter>`.
  public func state() -> [(name: String, tensor: Tensor)] {
    zip(names, first).map { ("optimizer.first.\($0)", $1.copy().to(.cpu).contiguous) }
      + zip(names, second).map { ("optimizer.second.\($0)", $1.copy().to(.cpu).contiguous) }
  }

  /// Continues from a state that `state()` returned after `steps` steps.
  /// - Throws: `Failure.badData` if a tensor is missing or has another shape or type. The optimizer
  ///   then stays as it is.
  public func restore(_ state: [String: Tensor], steps: Int) throws {
    func kept(_ buffers: [Tensor], _ kind: String) throws -> [Tensor] {
      try zip(names, buffers).map { name, buffer in
        guard let kept = state["optimizer.\(kind).\(name)"], kept.shape == buffer.shape,
          kept.type == buffer.type
        else {
          throw Failure.badData(
            "the checkpoint's state of the optimizer for '\(name)' is missing or does not fit")
        }
        return kept.to(buffer.device)
      }
    }
    let (means, squares) = (try kept(first, "first"), try kept(second, "second"))
    for (buffer, values) in zip(first + second, means + squares) { buffer.assign(values) }
    self.steps = steps
  }
}
