import Attacks
import Datasets
import ModelCore
import Support

/// What the trust checks say about models outside of an experiment: the flags that the evidence at
/// hand raises, and the checks that it does not suffice for.
///
///     let probe = ModelProbe(checking: model, on: images, seed: Seed(1), progress: progress)
///     let checks = SingleChecks(probes: [probe], classCount: images.classCount)
public struct SingleChecks: Encodable, Equatable, Sendable {
  /// A check that was not made.
  public struct Unmade: Encodable, Equatable, Sendable {
    public let name: String
    /// Why it was not made, as a clause that continues "because".
    public let reason: String
  }

  public let flags: [TrustFlag]
  public let notChecked: [Unmade]
  /// How many checks were made.
  public let made: Int

  private enum CodingKeys: CodingKey { case flags, notChecked }

  /// - Parameters:
  ///   - probes: the probes of the models.
  ///   - results: the results of one attack on one of the models; none if no attack was run.
  ///   - plans: the plan of this attack.
  public init(
    probes: [ModelProbe], results: [TransferResult] = [], plans: [AttackPlan] = [], classCount: Int
  ) {
    let evidence = TrustEvidence(
      results: results, plans: plans, probes: probes, classCount: classCount)
    let alone = Set(ModelProbe.loadingChecks.map(\.name))
    flags = evidence.flags()
    notChecked = TrustCheck.all.filter { !alone.contains($0.name) }.compactMap { check in
      evidence.reasonAgainst(check).map { Unmade(name: check.name, reason: $0) }
    }
    made = TrustCheck.all.count - notChecked.count
  }

  /// The checks that were not made, a sentence for each reason.
  public var remarks: [String] {
    var reasons: [String] = []
    for check in notChecked where !reasons.contains(check.reason) { reasons.append(check.reason) }
    return reasons.map { reason in
      let names = notChecked.filter { $0.reason == reason }.map { "“\($0.name)”" }
      return "Not checked, because \(reason): \(names.joined(separator: ", "))."
    }
  }
}

extension TrustEvidence {
  /// Why a check on more than a model alone cannot be made with a single attack; nil if it can.
  fileprivate func reasonAgainst(_ check: TrustCheck) -> String? {
    switch check.name {
    case _ where results.isEmpty: return "no attack was run"
    case TrustCheck.lostAsPictures.name: return "no pictures were exported"
    case TrustCheck.noiseDoesAsWell.name:
      let isCompared = comparable.contains { result in
        guard let plan = plan(result.attack) else { return false }
        return plan.attack.norm == .linf && plan.mask == nil
          && type(of: plan.attack).budgetIsSize && (result.epsilons.last ?? 0) > 0
      }
      return isCompared
        ? nil
        : "it is about untargeted attacks in ℓ∞ that use the model and that no mask limits, with a "
          + "budget above 0"
    default: return "one attack on one model was run; 'crossfire transfer' compares several"
    }
  }
}

extension ModelProbe {
  /// Measures a model for a command that is no experiment.
  /// - Parameters:
  ///   - contestant: the model.
  ///   - data: labelled images; the first `imageCount` are used.
  ///   - plans: the attacks that the model's predictions under noise are compared with.
  ///   - effort: how much is spent on attacks.
  ///   - progress: shows that the probe is at work.
  public init(
    checking contestant: Contestant, on data: LabelledImages, beside plans: [AttackPlan] = [],
    seed: Seed, effort: ProbeEffort = .quick, progress: ProgressDisplay
  ) {
    progress.begin("check \(contestant.name)", total: 1, unit: "models")
    self.init(
      of: contestant.watched(by: progress), on: data, noises: plans.noiseSizes,
      seed: seed.derive("probe"), effort: effort)
    progress.end(nil)
  }

  /// Checks that attacks on the model mean something.
  /// - Throws: `Failure.badData` for a finding with which one of the attacks would mean nothing.
  public func allow(_ plans: [AttackPlan], classCount: Int) throws {
    guard let fatal = findings(classCount: classCount).first(where: { $0.stops(plans) }) else {
      return
    }
    throw Failure.badData(
      "model \(model): \(fatal.flag.raisedBecause) \(fatal.flag.meaning)", hint: fatal.flag.advice)
  }
}

extension Contestant {
  /// The same model, whose forward passes are shown as progress.
  public func watched(by progress: ProgressDisplay) -> Contestant {
    let counter = QueryCounter(classifier) { progress.update(0, "pass \($0 + 1)") }
    return Contestant(
      name: name, classifier: counter, fingerprint: fingerprint,
      mayLackNormalization: mayLackNormalization)
  }
}

extension [AttackPlan] {
  /// The sizes of the sign noise that these attacks are compared with: the largest budget of each
  /// attack in ℓ∞.
  var noiseSizes: [Double] {
    let compared = filter {
      $0.attack.norm == .linf && $0.mask == nil && type(of: $0.attack).budgetIsSize
    }
    return Set(compared.compactMap(\.epsilons.last)).sorted()
  }
}
