import Support

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
  /// The device that it computes on. Images must be on the same device.
  var device: Device { get }

  /// images `[N, C, H, W]` → logits `[N, K]`, in evaluation behaviour, differentiable in the
  /// images.
  func logits(_ images: Tensor) -> Tensor

  /// Bounds of the logits `[N, K]` for images in a box, in evaluation behaviour. See `Bounds`.
  /// - Throws: `Failure.badData` that names what has no bounds.
  func bounds(_ box: Bounds) throws -> Bounds

  /// The computation of the logits in steps between linear functions. See `Relaxation`.
  /// - Throws: `Failure.badData` that names what has no bounds.
  func relaxed(_ input: RelaxedValue) throws -> RelaxedValue
}

extension Classifier {
  /// A classifier without steps of its own is known by its interval bounds.
  public func relaxed(_ input: RelaxedValue) throws -> RelaxedValue {
    try input.bounded { try bounds($0) }
  }

  public func bounds(_ box: Bounds) throws -> Bounds {
    throw Failure.badData("a model of this kind has no interval bounds")
  }
}

extension Classifier {
  /// The class with the largest logit for each image, int64 `[N]`; −1 where a logit is not a number
  /// (NaN).
  public func predictions(_ images: Tensor) -> Tensor {
    withoutGradients { logits(images).predictedClasses }
  }

  /// The loss of each image, and its gradient in that image: everything that an attack learns from
  /// one pass forward and back.
  ///
  /// Losses are summed before they are differentiated. In evaluation images do not influence each
  /// other, so each image gets the gradient of its own loss, whatever batch it is in.
  /// - Parameter losses: logits `[N, K]` → one number per image, `[N]`.
  /// - Returns: losses `[N]`, gradients in the images' shape and logits `[N, K]`, all constants.
  public func lossAndGradient(
    at images: Tensor, of losses: (_ logits: Tensor) -> Tensor
  ) -> (losses: Tensor, gradient: Tensor, logits: Tensor) {
    withGradients {
      let variable = images.tracked
      let logits = logits(variable)
      let values = losses(logits)
      return (values.detached, values.sum().gradient(of: variable).detached, logits.detached)
    }
  }

  /// The gradient of each image's loss in that image, in the images' shape.
  /// - Parameter losses: logits `[N, K]` → one number per image, `[N]`, or their sum.
  public func inputGradient(at images: Tensor, of losses: (_ logits: Tensor) -> Tensor) -> Tensor {
    lossAndGradient(at: images, of: losses).gradient
  }
}

extension Tensor {
  /// The class that each row of logits `[N, K]` chooses, int64 `[N]`; −1 where a logit is not a
  /// number (NaN). −1 is not a class, so it never counts as right.
  public var predictedClasses: Tensor {
    let broken = differs(from: self).any([1])
    return broken.choose(Tensor.full(-1, shape: [], type: .int64, device: device), else: argmax(1))
  }
}
