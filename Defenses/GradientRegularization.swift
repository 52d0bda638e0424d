import ModelCore
import Support

/// Gradient regularisation: training with a penalty on the input gradient.
///
///     loss = CE(y, f(X)) + λ · mean over n of φ(∇ₓ lossₙ)
///
/// `GradientPenalty` defines lossₙ and φ; by default they give double backpropagation, φ(g) =
/// ‖g‖₂². A small input gradient means that a small change of the pixels has a small effect on the
/// loss. The gradient is that of the sum over the batch and the penalty is a mean over the images,
/// so λ does not depend on the batch size.
///
/// The exact method differentiates the gradient of the same pass that gives the cross-entropy,
/// including its batch statistics and dropout masks; running statistics are updated once.
///
/// Use it as a defense that needs no attack in training. Sources: H. Drucker and Y. Le Cun (1992);
/// A. Ross and F. Doshi-Velez (2018).
public struct GradientRegularization: Defense, Objective, Configurable {
  public static let name = "gradient-regularization"
  public static let summary =
    "a penalty on input gradients, such as double backpropagation (Ross & Doshi-Velez 2018)"

  /// How the derivative of the penalty in the parameters is computed.
  public enum Method: String, Sendable, CaseIterable {
    /// By differentiating the input gradient.
    case exact
    /// By a difference of two ordinary gradients. See `FiniteDifference`.
    case finiteDifference = "finite-difference"
  }

  public var penalty: GradientPenalty
  /// λ, the weight of the penalty, which is a mean over the images.
  public var lambda: Double
  public var method: Method
  /// The largest move of an image in a finite difference, in units of pixel values (ℓ2).
  public var step: Double

  public init(
    _ penalty: GradientPenalty = .doubleBackpropagation, lambda: Double = 10,
    method: Method = .exact, step: Double = 0.01
  ) {
    self.penalty = penalty
    self.lambda = lambda
    self.method = method
    self.step = step
  }

  public static let settings: [Setting<GradientRegularization>] = [
    .choice("penalty", \.penalty, "penalty on the input gradient"),
    .double("lambda", \.lambda, "weight λ of the penalty"),
    .choice("method", \.method, "how the penalty is differentiated"),
    .double(
      "step", \.step, in: 1e-6...1e3,
      "largest move of a finite difference in pixel units (l2)"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    // gradient [N, …], sizes [N], value []
    let value: Tensor
    switch method {
    case .exact:
      let gradient = step.inputGradient { penalty.losses($0, step.labels) }
      value = penalty.sizes(gradient).mean()
    case .finiteDifference:
      value = FiniteDifference(penalty, length: self.step).value(step)
    }
    return [LossTerm(penalty.rawValue, weight: lambda, value)]
  }
}
