import ModelCore
import Support

/// How a training on bounds changes with time: the size ε of the boxes grows, and the weight a of
/// the clean images falls.
///
///     loss = a · CE(y, f(X)) + (1 − a) · CE(y, z)
///
/// z are the worst logits that the bounds allow for inputs in boxes of the radius ε. Both a and ε
/// are linear in the share of the training that is done, and stay at their last values from the
/// share `ramp` on. The whole ε from the first step on would leave networks that cannot learn
/// anything.
public struct BoundSchedule: Configurable {
  /// ε at the end of the training, in the units of the data.
  public var epsilon: Double
  /// ε at the start of the training.
  public var epsilonStart: Double
  /// a, the weight of the clean examples, at the start and at the end of the training.
  public var clean: Double
  public var cleanEnd: Double
  /// The share of the training after which ε and a stay as they are.
  public var ramp: Double

  public init(
    epsilon: Double, epsilonStart: Double = 0, clean: Double = 1, cleanEnd: Double = 0.5,
    ramp: Double = 1
  ) {
    self.epsilon = epsilon
    self.epsilonStart = epsilonStart
    self.clean = clean
    self.cleanEnd = cleanEnd
    self.ramp = ramp
  }

  /// The settings of a schedule over the whole training.
  static let settingsWithoutRamp: [Setting<BoundSchedule>] = [
    .double("epsilon", \.epsilon, "largest change ε of a feature at the end"),
    .double("epsilonStart", \.epsilonStart, "largest change ε of a feature at the start"),
    .double("clean", \.clean, in: 0...1, "weight a of the clean examples at the start"),
    .double("cleanEnd", \.cleanEnd, in: 0...1, "weight a of the clean examples at the end"),
  ]

  public static let settings: [Setting<BoundSchedule>] =
    settingsWithoutRamp + [
      .double(
        "ramp", \.ramp, in: 0...1,
        "share of the training after which epsilon and the weights stay as they are")
    ]

  /// The share of the way from the first to the last values, from 0 to 1.
  func share(_ progress: TrainingProgress) -> Double {
    ramp > 0 ? min(1, progress.share / ramp) : 1
  }

  /// The terms of the loss in a step.
  /// - Parameters:
  ///   - name: the name of the term on bounds.
  ///   - worstCase: the mean loss of the worst logits for a size ε and the share of the way to the
  ///     last values.
  func terms(
    _ step: TrainingStep, _ name: String,
    _ worstCase: (_ epsilon: Double, _ share: Double) -> Tensor
  ) -> [LossTerm] {
    let share = share(step.progress)
    let a = clean + (cleanEnd - clean) * share
    let clean = LossTerm.crossEntropy(step.logits, step.labels, name: "clean", weight: a)
    // At the very start, the bounds do not count yet.
    guard a < 1 else { return [clean] }
    let worst = worstCase(epsilonStart + (epsilon - epsilonStart) * share, share)
    return [clean, LossTerm(name, weight: 1 - a, worst)]
  }
}
