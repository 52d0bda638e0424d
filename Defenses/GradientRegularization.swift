import ModelCore
import Support

/// Training that keeps input gradients small: H(y, ŷ) + λ · mean_n ‖∇ₓ loss_n‖, in the measure of a
/// `GradientPenalty`.
///
/// The gradient is of the summed loss and the penalty a mean over images, so λ does not depend on
/// the size of a batch. The exact method differentiates the gradient of the very pass that gives
/// the cross-entropy, its batch statistics and dropout masks included; running statistics move
/// once. Drucker & Le Cun, 1992; Ross & Doshi-Velez, 2018.
public struct GradientRegularization: Defense, Penalty {
  public static let name = "gradientRegularization"
  public static let summary =
    "a penalty on input gradients: double backpropagation and its kin (Ross & Doshi-Velez 2018)"

  /// How the penalty's own gradient in the parameters is found.
  public enum Method: Equatable, Sendable {
    /// By differentiating the gradient.
    case exact
    /// By a difference of two ordinary gradients: see `FiniteDifference`. `step` is the longest
    /// move of an image, in pixel units (ℓ2).
    case finiteDifference(step: Double)
  }

  public let penalty: GradientPenalty
  public let lambda: Double
  public let method: Method

  public init(
    _ penalty: GradientPenalty = .doubleBackpropagation, lambda: Double = 10,
    method: Method = .exact
  ) {
    self.penalty = penalty
    self.lambda = lambda
    self.method = method
  }

  public init(_ settings: Settings) throws {
    let kinds = GradientPenalty.allCases.map(\.rawValue)
    let kind = try settings.choice(
      "penalty", of: kinds, default: GradientPenalty.doubleBackpropagation.rawValue,
      "what is punished")
    penalty = GradientPenalty(rawValue: kind) ?? .doubleBackpropagation
    lambda = try settings.double("lambda", default: 10, "its weight, on the mean over the images")
    let name = try settings.choice(
      "method", of: ["exact", "finiteDifference"], default: "exact", "how it is differentiated")
    let step = try settings.double(
      "step", default: 0.01, in: 1e-6...1e3,
      "the longest move of a finite difference, in pixel units (l2)")
    method = name == "exact" ? .exact : .finiteDifference(step: step)
  }

  public var parameters: [(name: String, value: String)] {
    let own = [("penalty", penalty.rawValue), ("lambda", "\(lambda)")]
    return switch method {
    case .exact: own + [("method", "exact")]
    case .finiteDifference(let step): own + [("method", "finiteDifference"), ("step", "\(step)")]
    }
  }

  public func penalties(_ step: TrainingStep) -> [LossTerm] {
    let value: Tensor
    switch method {
    case .exact:
      let gradient = step.inputGradient { penalty.losses($0, step.labels) }
      value = penalty.sizes(gradient, mask: step.mask).mean()
    case .finiteDifference(let length):
      value = FiniteDifference(penalty, length: length).value(step)
    }
    return [LossTerm(penalty.rawValue, weight: lambda, value)]
  }
}
