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
/// Two schedules are linear over the whole training: a falls from `clean` to `cleanEnd`, and ε
/// grows from `epsilonStart` to `epsilon`. The published defaults are 1, ½ and 0. The whole ε from
/// the first step on would leave networks that cannot learn anything.
///
/// In training behaviour, batch normalisation uses the statistics of the clean batch for the bounds
/// too. Source: J. Heo et al., "Use Perturbations when Learning from Explanations" (2023).
public struct IntervalExplanation: Defense, Objective, Configurable {
  public static let name = "ibpEx"
  public static let summary =
    "training on interval bounds over masks (IBP-Ex in Heo et al. 2023)"
  /// ε at the end of the training, in the units of the data.
  public var epsilon: Double
  /// ε at the start of the training.
  public var epsilonStart: Double
  /// a, the weight of the clean examples, at the start and at the end of the training.
  public var clean: Double
  public var cleanEnd: Double
  /// Whether boxes are cut to the valid range of the data.
  public var clip: Bool

  public init(
    epsilon: Double = 1, epsilonStart: Double = 0, clean: Double = 1, cleanEnd: Double = 0.5,
    clip: Bool = false
  ) {
    self.epsilon = epsilon
    self.epsilonStart = epsilonStart
    self.clean = clean
    self.cleanEnd = cleanEnd
    self.clip = clip
  }

  public static let settings: [Setting<IntervalExplanation>] = [
    .double("epsilon", \.epsilon, "largest change ε of a masked feature at the end"),
    .double("epsilonStart", \.epsilonStart, "largest change ε of a masked feature at the start"),
    .double("clean", \.clean, in: 0...1, "weight a of the clean examples at the start"),
    .double("cleanEnd", \.cleanEnd, in: 0...1, "weight a of the clean examples at the end"),
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
    let share = step.progress.share
    let a = clean + (cleanEnd - clean) * share
    let clean = LossTerm.crossEntropy(step.logits, step.labels, name: "clean", weight: a)
    // At the very start, the bounds do not count yet.
    guard a < 1 else { return [clean] }
    let worst = worstCase(step, epsilon: epsilonStart + (epsilon - epsilonStart) * share)
    return [clean, LossTerm("worst case in masks", weight: 1 - a, worst)]
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
