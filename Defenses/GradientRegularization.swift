import Datasets
import ModelCore
import Support

/// Training that keeps input gradients small: H(y, ŷ) + λ · mean_n ‖∇ₓ loss_n‖, in the measure of a
/// `GradientPenalty`.
///
/// The gradient is of the summed loss and the penalty a mean over images, so λ does not depend on
/// the size of a batch. The exact method differentiates the gradient of the very pass that gives
/// the cross-entropy, its batch statistics and dropout masks included; running statistics move
/// once. Drucker & Le Cun, 1992; Ross & Doshi-Velez, 2018.
public struct GradientRegularization: Defense, Objective, Configurable {
  public static let name = "gradientRegularization"
  public static let summary =
    "a penalty on input gradients: double backpropagation and its kin (Ross & Doshi-Velez 2018)"

  /// How the penalty's own gradient in the parameters is found.
  public enum Method: String, Sendable, CaseIterable {
    /// By differentiating the gradient.
    case exact
    /// By a difference of two ordinary gradients: see `FiniteDifference`.
    case finiteDifference
  }

  public var penalty: GradientPenalty
  /// λ, on the mean over the images.
  public var lambda: Double
  public var method: Method
  /// The longest move of an image in a finite difference, in pixel units (ℓ2).
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
    .choice("penalty", \.penalty, "what is punished"),
    .double("lambda", \.lambda, "its weight, on the mean over the images"),
    .choice("method", \.method, "how it is differentiated"),
    .double(
      "step", \.step, in: 1e-6...1e3,
      "the longest move of a finite difference, in pixel units (l2)"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }
  public var needs: Set<AnnotationKind> { penalty.isMasked ? [.masks] : [] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let value: Tensor
    switch method {
    case .exact:
      let gradient = step.inputGradient { penalty.losses($0, step.labels) }
      value = penalty.sizes(gradient, masks: step.batch.annotations.masks).mean()
    case .finiteDifference:
      value = FiniteDifference(penalty, length: self.step).value(step)
    }
    return [LossTerm(penalty.rawValue, weight: lambda, value)]
  }
}
