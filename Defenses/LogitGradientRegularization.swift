import Datasets
import ModelCore
import Support

/// Gradient regularisation in masks (Grad-Reg), as J. Heo et al. (2023) compare it: a penalty on the
/// input gradient h = ∇ₓ Σ_k Z_k of the logits Z where a mask says that a feature must not matter.
///
///     loss = CE(y, f(X)) + λ · mean over n of φ(mₙ ⊙ hₙ)
///
/// φ is the ℓ2 norm, its square or the ℓ1 norm. Where the masked gradient is 0, the derivative of
/// the norm counts as 0.
///
/// The published code sums the penalty over the batch: its coefficient, times the number of
/// examples in a batch, is λ here. Note that ∇ₓ Σ_k Z_k can become 0 without any effect on the
/// prediction, if the network subtracts the mean of its logits. The scalar of `rrr`, Σ_k log p_k,
/// depends on the probabilities only.
public struct LogitGradientRegularization: Defense, Objective, Configurable {
  public static let name = "grad-reg"
  public static let summary =
    "a penalty on the logits' input gradients in masks (Grad-Reg in Heo et al. 2023)"

  /// How a gradient is measured.
  public enum Measure: String, Sendable, CaseIterable {
    /// ‖g‖₂, as in the published code.
    case norm
    /// ‖g‖₂², as in the published formula.
    case squared
    /// ‖g‖₁.
    case l1
  }

  /// λ, the weight of the penalty, which is a mean over the examples.
  public var lambda: Double
  public var measure: Measure

  public init(lambda: Double = 10, measure: Measure = .norm) {
    self.lambda = lambda
    self.measure = measure
  }

  public static let settings: [Setting<LogitGradientRegularization>] = [
    .double("lambda", \.lambda, "weight λ of the penalty"),
    .choice("measure", \.measure, "how a gradient is measured"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }
  public var needs: Set<AnnotationKind> { [.masks] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    // gradient [N, D], sizes [N]
    let gradient = step.maskedGradient { $0.sum([1]) }.flattened
    let sizes =
      switch measure {
      case .norm: Self.norm(gradient)
      case .squared: gradient.square.sum([1])
      case .l1: gradient.absolute.sum([1])
      }
    return [LossTerm("logit gradients", weight: lambda, sizes.mean())]
  }

  /// The ℓ2 norm of each row, `[N, D]` → `[N]`, with derivative 0 at 0. The root of the sum of
  /// squares has no derivative there, so rows of zeros take the root of 1, as a constant.
  private static func norm(_ gradient: Tensor) -> Tensor {
    let squares = gradient.square.sum([1])
    let isZero = squares.equals(0)
    let zero = Tensor.zeros([], device: squares.device)
    return isZero.choose(zero, else: isZero.choose(zero + 1, else: squares).squareRoot)
  }
}
