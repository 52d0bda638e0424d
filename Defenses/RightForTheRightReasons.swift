import Datasets
import Explanations
import ModelCore
import Support

/// Right for the right reasons: training with a penalty on the input gradient where a mask says
/// that a feature must not matter.
///
///     loss = CE(y, f(X)) + λ · mean over n of ‖Aₙ ⊙ ∇ₓ sₙ‖₂²
///
/// Aₙ is the mask of example n: 1 for each feature that must not be a reason for the prediction,
/// and 0 elsewhere. s is the scalar whose input gradient counts as the explanation, by default
/// Σ_k log p_k for the class probabilities p. An example whose mask is 0 has no penalty, so masks
/// for a few examples are enough.
///
/// With `normalize`, the sum of the squares is divided by the number of masked entries in the batch
/// instead of the number of examples, as in the published code.
///
/// The published objective is a sum over the batch and not a mean. Its coefficient λ₁ is the same
/// as λ here, since dividing the whole objective by the number of examples leaves the ratio of both
/// terms unchanged. Source: A. Ross, M. Hughes and F. Doshi-Velez (2017).
public struct RightForTheRightReasons: Defense, Objective, Configurable {
  public static let name = "rrr"
  public static let summary =
    "right for the right reasons: a penalty on input gradients in masks (Ross et al. 2017)"

  public var explained: ExplainedScalar
  /// λ, the weight of the penalty, which is a mean over the examples.
  public var lambda: Double
  public var normalize: Bool

  public init(
    _ explained: ExplainedScalar = .sumOfLogProbabilities, lambda: Double = 1000,
    normalize: Bool = false
  ) {
    self.explained = explained
    self.lambda = lambda
    self.normalize = normalize
  }

  public static let settings: [Setting<RightForTheRightReasons>] = [
    .double("lambda", \.lambda, "weight λ of the penalty"),
    .choice("explained", \.explained, "scalar whose input gradient is the explanation"),
    .bool("normalize", \.normalize, "whether the penalty is divided by the masked entries"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var isPenalty: Bool { true }
  public var needs: Set<AnnotationKind> { [.masks] }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    let gradient = step.maskedGradient { explained.values($0, step.labels) }
    var value = gradient.flattened.square.sum([1]).mean()
    if normalize {
      value = value * Double(step.images.shape[0]) / step.masks.sum().maximum(1)
    }
    return [LossTerm("reasons", weight: lambda, value)]
  }
}

extension TrainingStep {
  /// The masks of the examples, in the shape of the images.
  /// - Precondition: the objective needs masks, so that the trainer has checked that there are any.
  var masks: Tensor {
    guard let masks = batch.annotations.masks else {
      preconditionFailure("an objective reads masks that it does not declare in `needs`")
    }
    return masks
  }

  /// The input gradient of each example in its mask, m ⊙ ∇ₓ s, in the shape of the images. It can
  /// be differentiated again.
  /// - Parameter scalar: logits `[N, K]` → the scalar s of each example, `[N]`.
  func maskedGradient(of scalar: (_ logits: Tensor) -> Tensor) -> Tensor {
    inputGradient(of: scalar) * masks
  }
}
