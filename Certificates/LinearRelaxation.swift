import Attacks
import ModelCore
import Support

/// CROWN-IBP: linear functions of the input that bound the logits, with interval bounds before the
/// activations.
///
/// See `Relaxation` for how the bounds are computed. It is much tighter than intervals alone for
/// networks that were trained with them, and costs a few passes back for each image. Use it for
/// networks that `ibp` or `crown-ibp` trained, and for a quick answer about others. Source: H. Zhang
/// et al., "Towards Stable and Efficient Training of Verifiably Robust Neural Networks" (2020).
public struct IntervalRelaxationCertificate: BoundCertificate, Configurable {
  public static let name = "crown-ibp"
  public static let title = "CROWN with interval bounds"
  public static let summary =
    "linear bounds of the logits, from intervals before activations (Zhang et al. 2020)"
  public var norm: Norm

  public init(norm: Norm = .linf) { self.norm = norm }

  public static let settings: [Setting<IntervalRelaxationCertificate>] = [
    .norm(\.norm, of: [.linf, .l2])
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  func margins(
    _ labels: Tensor, on set: InputSet, of classifier: any Classifier, _ step: () throws -> Void
  ) throws -> Tensor {
    try withEscapingStep(step) { step in
      let relaxation = try Relaxation(of: classifier, on: set, refining: false, onPass: step)
      return try relaxation.margins(labels).maximum(relaxation.intervalMargins(labels))
    }
  }
}

/// CROWN: linear functions of the input that bound the logits and the numbers before all
/// activations.
///
/// See `Relaxation`. Use it for networks that were not trained for certificates: it is the tightest
/// of the methods here, and costs a pass back for every number before an activation that can be
/// positive and negative, which takes seconds for each image of a convolutional network. What
/// `interval` or `crown-ibp` certify already is not computed again. Source: H. Zhang et al.,
/// "Efficient Neural Network Robustness Certification with General Activation Functions" (2018).
public struct LinearRelaxationCertificate: BoundCertificate, Configurable {
  public static let name = "crown"
  public static let title = "CROWN"
  public static let summary =
    "linear bounds of the logits and of all numbers before activations (Zhang et al. 2018)"
  public var norm: Norm

  public init(norm: Norm = .linf) { self.norm = norm }

  public static let settings: [Setting<LinearRelaxationCertificate>] = [
    .norm(\.norm, of: [.linf, .l2])
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  // One image at a time, since the rows of a pass fill the memory.
  public func imagesAtOnce(of most: Int) -> Int { 1 }

  func margins(
    _ labels: Tensor, on set: InputSet, of classifier: any Classifier, _ step: () throws -> Void
  ) throws -> Tensor {
    let quick = try IntervalRelaxationCertificate(norm: norm)
      .margins(labels, on: set, of: classifier, step)
    let rows = try (0..<labels.count).map { image -> Tensor in
      let place = Tensor.range(labels.count, device: labels.device).narrow(0, image, 1)
      let known = quick.narrow(0, image, 1)
      guard known.scalar <= 0 else { return known }
      return try withEscapingStep(step) { step in
        try Relaxation(of: classifier, on: set.rows(place), refining: true, onPass: step)
          .margins(labels.indexSelect(0, place))
      }.maximum(known)
    }
    return Tensor.concatenate(rows)
  }
}

/// Calls a body with a step that it may keep while it runs.
private func withEscapingStep<Result>(
  _ step: () throws -> Void, _ body: (@escaping () throws -> Void) throws -> Result
) rethrows -> Result {
  try withoutActuallyEscaping(step, do: body)
}
