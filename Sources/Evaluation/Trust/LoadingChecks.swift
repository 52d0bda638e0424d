/// What a probe of one model alone says against it.
extension ModelProbe {
  /// A check that a probe raised, and whether the model should not be attacked at all.
  public struct LoadingFinding: Sendable {
    public let flag: TrustFlag
    public let stopsRuns: Bool
  }

  /// The questions a model is asked when it is loaded, the gravest first.
  public static let loadingChecks: [TrustCheck] = [
    .givesNoNumbers, .gradientsDoNotArrive, .belowChanceUnattacked, .notAboveChance,
    .givesProbabilities,
    .changesWhenRepeated, .changesInBatches, .zeroGradients, .standsWithoutBudget,
  ]

  /// Those of them that this probe raises.
  public func findings(classCount: Int) -> [LoadingFinding] {
    let evidence = TrustEvidence(probes: [self], classCount: classCount)
    return Self.loadingChecks.flatMap { check in
      check.flags(evidence).map { LoadingFinding(flag: $0, stopsRuns: check.stopsRuns) }
    }
  }
}
