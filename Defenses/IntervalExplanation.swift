import Datasets
import ModelCore
import Support

/// IBP-Ex: training on the worst logits that interval bounds allow if all masked features change
/// at once by up to ε.
///
///     loss = a · CE(y, f(X)) + (1 − a) · mean over examples with a mask of CE(y, z)
///
/// The box of example n reaches from xₙ − mₙ·ε to xₙ + mₙ·ε, with its mask mₙ. `Bounds` carries it
/// through the network. z has the lower bound of the true class and the upper bounds of the other
/// classes. Examples whose mask is 0 have no second term.
///
/// Over the whole training, a falls from `clean` to `cleanEnd`, and ε grows from `epsilonStart` to
/// `epsilon` (`BoundSchedule`). The published defaults are 1, ½ and 0.
///
/// In training behaviour, batch normalisation uses the statistics of the clean batch for the bounds
/// too. Source: J. Heo et al., "Use Perturbations when Learning from Explanations" (2023).
public struct IntervalExplanation: Defense, Objective, Configurable {
  public static let name = "ibp-ex"
  public static let summary =
    "training on interval bounds over masks (IBP-Ex in Heo et al. 2023)"
  public var schedule: BoundSchedule
  /// Whether boxes are cut to the valid range of the data.
  public var clip: Bool

  public init(
    epsilon: Double = 1, epsilonStart: Double = 0, clean: Double = 1, cleanEnd: Double = 0.5,
    clip: Bool = false
  ) {
    schedule = BoundSchedule(
      epsilon: epsilon, epsilonStart: epsilonStart, clean: clean, cleanEnd: cleanEnd)
    self.clip = clip
  }

  public static let settings: [Setting<IntervalExplanation>] = [
    .group(\.schedule, only: BoundSchedule.settingsWithoutRamp),
    .bool("clip", \.clip, "whether boxes are cut to the valid range"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var needs: Set<AnnotationKind> { [.masks] }

  /// - Throws: `Failure.badData` that names a layer of the network without interval bounds.
  public func objective(_ preparation: Preparation) throws -> any Objective {
    try preparation.network.checkBounds()
    return self
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    schedule.terms(step, "worst case in masks") { epsilon, _ in worstCase(step, epsilon: epsilon) }
  }

  /// The mean cross-entropy of the worst logits over the examples whose mask is not 0; 0 if there
  /// are none.
  private func worstCase(_ step: TrainingStep, epsilon: Double) -> Tensor {
    // losses, isMasked [N]
    let losses = logitBounds(step, epsilon: epsilon).worstLogits(step.labels)
      .crossEntropy(step.labels)
    let isMasked = step.masks.flattened.max([1]).isGreater(than: 0).to(.float32)
    return (losses * isMasked).sum() / isMasked.sum().maximum(1)
  }

  /// The bounds of the logits, with the dropout masks of the clean pass.
  func logitBounds(_ step: TrainingStep, epsilon: Double) -> Bounds {
    let whole = Bounds(around: step.images, by: step.masks * epsilon)
    let box = clip ? whole.clamped(to: step.network.valueRange) : whole
    do { return try step.bounds(box) } catch {
      preconditionFailure("a network without bounds must be refused before training: \(error)")
    }
  }
}
