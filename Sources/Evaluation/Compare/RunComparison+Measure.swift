import Attacks
import Support

extension RunComparison {
  /// Compares two runs.
  /// - Throws: `Failure.badData` if the runs have other data, or no model or attack in common; what
  ///   reading the predictions throws.
  public init(_ before: StoredRun, _ after: StoredRun) throws {
    try Self.check(before, after)
    let shared = try SharedResults(before, after)
    self.before = before.folder.relativePath
    self.after = after.folder.relativePath
    images = after.grid.provenance.examples

    let worst = shared.worstOutcomes(before.grid.worstCases)
    norm = worst?.after.norm.rawValue
    epsilon = worst?.after.epsilon
    attacks = worst?.after.attacks ?? []
    models = shared.models.map {
      ModelChange($0, before.grid, after.grid, worst, shared)
    }
    cells = shared.cells()

    func identity(_ flag: TrustFlag) -> [String?] {
      [flag.name, flag.attack, flag.source, flag.victim]
    }
    func flags(of run: StoredRun, missingIn other: StoredRun) -> [TrustFlag] {
      let known = Set(other.grid.flags.map(identity))
      return run.grid.flags.filter { flag in
        !known.contains(identity(flag))
          && [flag.source, flag.victim].compactMap { $0 }.allSatisfy(shared.models.contains)
      }
    }
    newFlags = flags(of: after, missingIn: before)
    vanishedFlags = flags(of: before, missingIn: after)
    notes = Self.notes(before, after) + shared.notes
  }

  /// - Throws: `Failure.badData` if the runs did not measure the same images.
  private static func check(_ before: StoredRun, _ after: StoredRun) throws {
    let (first, second) = (before.grid.provenance, after.grid.provenance)
    func what(_ run: StoredRun) -> String {
      let made = run.grid.provenance
      return "\(run.folder.relativePath) has \(made.examples) images of \(made.data) "
        + "(SHA-256 \(made.dataFingerprint.prefix(12))…)"
    }
    guard first.dataFingerprint == second.dataFingerprint, first.examples == second.examples,
      first.valueRange == second.valueRange
    else {
      throw Failure.badData(
        "the runs are not comparable, because they measured other images: \(what(before)), and "
          + what(after),
        hint: "run both with the same data, count and sample")
    }
  }

  private static func notes(_ before: StoredRun, _ after: StoredRun) -> [String] {
    let (first, second) = (before.grid, after.grid)
    func only(_ names: [String], _ run: StoredRun) -> String? {
      names.isEmpty
        ? nil
        : "Only \(run.folder.relativePath) has the model\(names.count == 1 ? "" : "s") "
          + names.joined(separator: ", ") + "."
    }
    let seeds =
      first.provenance.seed == second.provenance.seed
      ? nil : "The seeds differ: \(first.provenance.seed) and \(second.provenance.seed)."
    let versions = [first, second].map {
      "Crossfire \($0.provenance.crossfire) with libtorch \($0.provenance.libtorch)"
    }
    return [
      only(first.victims.filter { !second.victims.contains($0) }, before),
      only(second.victims.filter { !first.victims.contains($0) }, after), seeds,
      versions[0] == versions[1]
        ? nil : "The versions differ: \(versions[0]), and \(versions[1]).",
    ].compactMap { $0 }
  }
}

extension ModelChange {
  fileprivate init(
    _ model: String, _ before: Grid, _ after: Grid,
    _ worst: (before: WorstOutcome, after: WorstOutcome)?, _ shared: SharedResults
  ) {
    func rank(_ outcome: WorstOutcome) -> Int? {
      outcome.victims.firstIndex(of: model).map { WorstCaseRanking(outcome).ranks[$0] }
    }
    func right(_ outcome: WorstOutcome) -> [Bool]? {
      outcome.victims.firstIndex(of: model).map { outcome.right[$0] }
    }
    let comparisons = shared.models.count * (worst == nil ? 1 : 2)
    let fingerprint = before.provenance.model(model)?.fingerprint
    self.model = model
    isSame =
      fingerprint != nil && fingerprint == after.provenance.model(model)?.fingerprint
    rankBefore = worst.flatMap { rank($0.before) }
    rankAfter = worst.flatMap { rank($0.after) }
    clean = shared.clean(model, among: comparisons)
    worstCase = worst.flatMap { worst in
      guard let first = right(worst.before), let second = right(worst.after) else { return nil }
      return AccuracyChange(first, second, among: comparisons)
    }
    certified = worst.flatMap { worst in
      let cells = [before, after].compactMap {
        $0.certified?.best(of: model, norm: worst.after.norm.rawValue, within: worst.after.epsilon)
      }
      guard cells.count == 2, cells[0].epsilon == cells[1].epsilon,
        cells[0].images == cells[1].images
      else { return nil }
      return AccuracyChange(before: cells[0].accuracy, after: cells[1].accuracy)
    }
    let groups = [before, after].compactMap { $0.cleanGroups(model)?.worst.accuracy }
    worstGroup = groups.count == 2 ? AccuracyChange(before: groups[0], after: groups[1]) : nil
  }
}
