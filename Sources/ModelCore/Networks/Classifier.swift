/// Anything that gives each image a score for each class. Attacks and evaluation see nothing else
/// of a model.
///
/// Normalisation of the input lives inside: pixels are always in `valueRange`, so a budget is
/// always in pixel units.
public protocol Classifier: Sendable {
  /// The shape of one image it takes.
  var inputShape: InputShape { get }
  /// The number of classes K.
  var classCount: Int { get }
  /// The smallest and largest valid pixel.
  var valueRange: ClosedRange<Double> { get }
  /// Where it computes; images must be there.
  var device: Device { get }

  /// images `[N, C, H, W]` → logits `[N, K]`, in evaluation behaviour, differentiable in the
  /// images.
  func logits(_ images: Tensor) -> Tensor
}

extension Classifier {
  /// The class with the largest logit for each image, int64 `[N]`; −1 where a logit is not a
  /// number.
  public func predictions(_ images: Tensor) -> Tensor {
    withoutGradients { logits(images).predictedClasses }
  }

  /// The gradient with respect to the images of a scalar computed from the logits; `[N, C, H, W]`.
  ///
  /// With a sum over images each image gets its own gradient, since images do not influence each
  /// other in evaluation.
  public func inputGradient(at images: Tensor, of loss: (_ logits: Tensor) -> Tensor) -> Tensor {
    withGradients {
      let variable = images.tracked
      return loss(logits(variable)).gradient(of: variable).detached
    }
  }
}

extension Tensor {
  /// The class that each row of logits `[N, K]` chooses, int64 `[N]`; −1 where a logit is not a
  /// number, which is no class and never right.
  public var predictedClasses: Tensor {
    let broken = differs(from: self).any([1])
    return broken.choose(Tensor.full(-1, shape: [], type: .int64, device: device), else: argmax(1))
  }
}
