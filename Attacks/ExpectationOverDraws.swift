import ModelCore
import Support

/// Expectation over transformation (EOT): the mean, over several draws, of what an attack learns
/// about a model that computes with random numbers.
///
///     g = (1/N) Σᵢ ∇ₓLᵢ(x)
///
/// Lᵢ is the loss of the i-th of N passes of the same images. A model that adds noise, or drops
/// neurons at random, draws its own random numbers in each pass. Random views draw theirs from the
/// attack's `ExampleDraws`, so they belong to examples. The gradient of one draw is partly random;
/// the mean points to where the loss increases for most draws.
///
/// Where an attack asks whether an image has reached its goal, it must have done so in all N draws.
/// A single draw would also accept an image that was lucky once, and the mean of the logits one
/// that fools the model in half of its draws.
///
/// With N = 1, the default, an attack makes the same passes as without EOT. Each further draw costs
/// as much as the first one. Source: A. Athalye, L. Engstrom, A. Ilyas and K. Kwok (2018).
public struct ExpectationOverDraws: Configurable, Equatable {
  /// N, the number of draws.
  public var draws: Int

  /// - Precondition: There is at least one draw.
  public init(draws: Int = 1) {
    precondition(draws >= 1, "expected at least one draw, found \(draws)")
    self.draws = draws
  }

  /// The setting `eot`. A record names it only if there are several draws, so that the records of
  /// attacks without EOT stay the same.
  public static let settings: [Setting<ExpectationOverDraws>] = [
    Setting { root, settings in
      root.draws = try settings.int(
        "eot", default: root.draws, in: 1...10_000,
        "draws of a random model or view that each step averages over (EOT)")
    } values: {
      $0.draws == 1 ? [] : [("eot", "\($0.draws)")]
    }
  ]

  /// The mean of the values of all draws.
  func mean(_ value: (_ draw: Int) -> Tensor) -> Tensor {
    guard draws > 1 else { return value(0) }
    return (1..<draws).reduce(value(0)) { $0 + value($1) } / Double(draws)
  }

  /// What an attack learns from N passes forward and back.
  /// - Parameter losses: logits `[M, K]` → one number per image, `[M]`.
  /// - Returns: the mean losses `[M]`, the mean gradient in the images' shape, and whether each
  ///   image reaches `goal` in all draws, `[M]`.
  func look(
    at images: Tensor, until goal: Goal, _ classifier: any Classifier,
    of losses: (_ logits: Tensor) -> Tensor
  ) -> (losses: Tensor, gradient: Tensor, reached: Tensor) {
    func pass() -> (losses: Tensor, gradient: Tensor, reached: Tensor) {
      let seen = classifier.lossAndGradient(at: images, of: losses)
      return (seen.losses, seen.gradient, goal.isReached(seen.logits.predictedClasses))
    }
    var all = pass()
    guard draws > 1 else { return all }
    for _ in 1..<draws {
      let next = pass()
      all.losses = all.losses + next.losses
      all.gradient = all.gradient + next.gradient
      all.reached = all.reached.and(next.reached)
    }
    return (all.losses / Double(draws), all.gradient / Double(draws), all.reached)
  }

  /// What an attack learns from N passes forward.
  /// - Returns: the mean losses `[M]`, and the share of draws in which each image reaches `goal`,
  ///   float32 `[M]`.
  func query(
    _ images: Tensor, _ goal: Goal, _ classifier: any Classifier,
    of losses: (_ logits: Tensor) -> Tensor
  ) -> (losses: Tensor, share: Tensor) {
    withoutGradients {
      let logits = (0..<draws).map { _ in classifier.logits(images) }
      return (
        mean { losses(logits[$0]) },
        mean { goal.isReached(logits[$0].predictedClasses).to(.float32) }
      )
    }
  }

  /// The share of draws in which each image reaches its goal, float32 `[M]`.
  func share(of goal: Goal, _ images: Tensor, _ classifier: any Classifier) -> Tensor {
    mean { _ in goal.isReached(classifier.predictions(images)).to(.float32) }
  }

  /// Whether each image reaches its goal in all draws by a margin that rounding cannot undo, `[M]`.
  func isClearlyReached(_ goal: Goal, _ images: Tensor, _ classifier: any Classifier) -> Tensor {
    withoutGradients {
      mean { _ in goal.isClearlyReached(classifier.logits(images)).to(.float32) }.isAtLeast(1)
    }
  }
}

/// As a view, the expectation is the mean of the gradients of all draws.
extension ExpectationOverDraws: GradientView {
  public static let name = "eot"

  public init() { self.init(draws: 1) }

  public func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate {
    guard draws > 1 else { return inner }
    return GradientEstimate { x, draws, view in
      mean { inner(x, draws.purpose("draw \($0)"), through: view) }
    }
  }
}
