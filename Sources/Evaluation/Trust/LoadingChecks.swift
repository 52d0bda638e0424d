/// The trust checks that need only one model, without any attack of the experiment.
extension ModelProbe {
  /// A flag that a probe raised, and whether it ends a run before anything is attacked.
  public struct LoadingFinding: Sendable {
    public let flag: TrustFlag
    public let stopsRuns: Bool
  }

  /// The checks on a model that was read from a file, the gravest first.
  public static let loadingChecks: [TrustCheck] = [
    .givesNoNumbers, .gradientsAreNoNumbers, .ignoresInput, .gradientsDoNotArrive,
    .classesInAnotherOrder, .belowChanceUnattacked, .notAboveChance, .givesProbabilities,
    .logitsAreClose, .changesWhenRepeated, .changesInBatches, .zeroGradients,
    .gradientsDoNotMatch, .standsWithoutBudget, .gradientFreeWins,
  ]

  /// The flags of these checks that this probe raises.
  public func findings(classCount: Int) -> [LoadingFinding] {
    let evidence = TrustEvidence(probes: [self], classCount: classCount)
    return Self.loadingChecks.flatMap { check in
      check.flags(evidence).map { LoadingFinding(flag: $0, stopsRuns: check.stopsRuns) }
    }
  }
}
