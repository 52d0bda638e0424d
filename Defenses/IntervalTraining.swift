import ModelCore
import Support

/// Interval bound propagation (IBP): training on the worst logits that interval bounds allow if
/// every feature changes by up to ε.
///
///     loss = a · CE(y, f(X)) + (1 − a) · CE(y, z)
///
/// The box of an image reaches from x − ε to x + ε, cut to the valid range, and `Bounds` carries it
/// through the network. z has the lower bound of the true class and the upper bounds of the other
/// classes. `BoundSchedule` says how a and ε change. Use it for models whose robustness the
/// certificate `interval` is to prove; such a network can be certified in two passes. Source: S.
/// Gowal et al., "On the Effectiveness of Interval Bound Propagation for Training Verifiably Robust
/// Models" (2018).
public struct IntervalTraining: Defense, Objective, Configurable {
  public static let name = "ibp"
  public static let summary = "training on interval bounds (IBP in Gowal et al. 2018)"
  public var schedule: BoundSchedule

  public init(_ schedule: BoundSchedule = BoundSchedule(epsilon: 0.1, ramp: 0.5)) {
    self.schedule = schedule
  }

  public static let settings: [Setting<IntervalTraining>] = [.group(\.schedule)]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  /// - Throws: `Failure.badData` that names a layer of the network without interval bounds.
  public func objective(_ preparation: Preparation) throws -> any Objective {
    try preparation.network.checkBounds()
    return self
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    schedule.terms(step, "worst case") { epsilon, _ in
      do {
        return try step.bounds(step.box(epsilon)).worstLogits(step.labels).crossEntropy(step.labels)
          .mean()
      } catch {
        preconditionFailure("a network without bounds must be refused before training: \(error)")
      }
    }
  }
}

/// CROWN-IBP: training on bounds of the differences of logits, which move from linear bounds to
/// interval bounds.
///
///     loss = a · CE(y, f(X)) + (1 − a) · CE(y, −m),   m = b · m_CROWN + (1 − b) · m_IBP
///
/// m has lower bounds of z[y] − z[j] for every class j, and 0 for y itself. m_IBP follows from
/// interval bounds, and m_CROWN from linear bounds with interval bounds before the activations
/// (`Relaxation`). Linear bounds are tighter at the start, when the network is not trained for
/// intervals yet; b falls from `beta` to `betaEnd` while ε grows. Use it in place of `ibp` where
/// that one learns little, at several times its cost. Source: H. Zhang et al., "Towards Stable and
/// Efficient Training of Verifiably Robust Neural Networks" (2020).
public struct LinearRelaxationTraining: Defense, Objective, Configurable {
  public static let name = "crown-ibp"
  public static let summary =
    "training on linear bounds, then on interval bounds (CROWN-IBP in Zhang et al. 2020)"
  public var schedule: BoundSchedule
  /// b, the share of the linear bounds, at the start and at the end.
  public var beta: Double
  public var betaEnd: Double

  public init(
    _ schedule: BoundSchedule = BoundSchedule(epsilon: 0.1, ramp: 0.5), beta: Double = 1,
    betaEnd: Double = 0
  ) {
    self.schedule = schedule
    self.beta = beta
    self.betaEnd = betaEnd
  }

  public static let settings: [Setting<LinearRelaxationTraining>] = [
    .group(\.schedule),
    .double("beta", \.beta, in: 0...1, "share of the linear bounds at the start"),
    .double("betaEnd", \.betaEnd, in: 0...1, "share of the linear bounds at the end"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  /// - Throws: `Failure.badData` that names a layer of the network without interval bounds.
  public func objective(_ preparation: Preparation) throws -> any Objective {
    try preparation.network.checkBounds()
    return self
  }

  public func terms(_ step: TrainingStep) -> [LossTerm] {
    schedule.terms(step, "worst case") { epsilon, share in
      // differences [N, K − 1], worst [N, K] with the true class first
      let relaxation = step.relaxation(epsilon)
      let b = beta + (betaEnd - beta) * share
      var differences = relaxation.intervalDifferences(step.labels) * (1 - b)
      if b > 0 {
        do { differences = differences + (try relaxation.differences(step.labels)) * b } catch {
          preconditionFailure("the passes of a relaxation throw only to stop: \(error)")
        }
      }
      let own = differences.narrow(1, 0, 1) * 0
      let worst = Tensor.concatenate([own, -differences], along: 1)
      return worst.crossEntropy(step.labels * 0).mean()
    }
  }
}

extension TrainingStep {
  /// The inputs at an ℓ∞ distance of at most ε from the images, within the valid range.
  fileprivate func box(_ epsilon: Double) -> Bounds {
    Bounds(around: images, by: images * 0 + epsilon).clamped(to: network.valueRange)
  }

  /// The network for inputs at an ℓ∞ distance of at most ε from the images, within the valid range,
  /// with the batch statistics of the clean pass.
  fileprivate func relaxation(_ epsilon: Double) -> Relaxation {
    do { return try relaxation(on: InputSet(box(epsilon))) } catch {
      preconditionFailure("a network without bounds must be refused before training: \(error)")
    }
  }
}
