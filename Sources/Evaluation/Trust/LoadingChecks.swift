import Attacks

/// The trust checks that need only one model, without any attack of the experiment.
extension ModelProbe {
  /// A flag that a probe raised, and which runs it ends before anything is attacked.
  public struct LoadingFinding: Sendable {
    public let flag: TrustFlag
    let stops: TrustCheck.StoppedRuns

    /// Whether a run with these attacks must end, because an accuracy under one of them would mean
    /// nothing.
    public func stops(_ attacks: [AttackPlan]) -> Bool {
      switch stops {
      case .none: false
      case .withGradients: attacks.contains { $0.attack.usesGradients }
      case .all: true
      }
    }
  }

  /// The checks on a model that was read from a file, the gravest first.
  public static let loadingChecks: [TrustCheck] = [
    .givesNoNumbers, .gradientsAreNoNumbers, .ignoresInput, .gradientsDoNotArrive,
    .classesInAnotherOrder, .lacksNormalization, .belowChanceUnattacked, .notAboveChance,
    .givesProbabilities, .logitsAreClose, .changesWhenRepeated, .changesInBatches, .zeroGradients,
    .gradientsDoNotMatch, .standsWithoutBudget, .gradientFreeWins,
  ]

  /// The flags of these checks that this probe raises.
  public func findings(classCount: Int) -> [LoadingFinding] {
    let evidence = TrustEvidence(probes: [self], classCount: classCount)
    return Self.loadingChecks.flatMap { check in
      check.flags(evidence).map { LoadingFinding(flag: $0, stops: check.stops) }
    }
  }
}
