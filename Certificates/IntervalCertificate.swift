import Attacks
import ModelCore
import Support

/// Interval bound propagation (IBP): the intervals of all numbers that a network computes, from
/// those of its input.
///
/// An image is certified if the lower end of the logit of its label is above the upper ends of all
/// others. Use it for networks that were trained for it (`ibp`, `crown-ibp`, `ibp-ex`), and as a
/// first look at any: it costs two forward passes, and the intervals of other networks are far too
/// wide. In ℓ2 only the first layer with weights uses the ball; all others see boxes. Source: S.
/// Gowal et al., "On the Effectiveness of Interval Bound Propagation for Training Verifiably Robust
/// Models" (2018).
public struct IntervalCertificate: BoundCertificate, Configurable {
  public static let name = "interval"
  public static let title = "interval bound propagation"
  public static let summary = "intervals of all numbers of the network (Gowal et al. 2018)"
  public var norm: Norm

  public init(norm: Norm = .linf) { self.norm = norm }

  public static let settings: [Setting<IntervalCertificate>] = [
    .norm(\.norm, of: [.linf, .l2])
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  func margins(
    _ labels: Tensor, on set: InputSet, of classifier: any Classifier, _ step: () throws -> Void
  ) throws -> Tensor {
    try Relaxation(of: classifier, on: set, refining: false).intervalMargins(labels)
  }
}
