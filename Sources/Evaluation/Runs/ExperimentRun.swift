import Attacks
import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// Runs the steps of an experiment (`ExperimentStep`) and writes their results into a folder.
///
/// The result of each step contains the digest of everything that it depends on. A step whose
/// result is already in the folder is not run again.
public struct ExperimentRun {
  public let experiment: Experiment
  public let folder: RunFolder
  public let device: Device
  public let evaluator: Evaluator
  public let progress: ProgressDisplay
  /// The steps that may be run; nil for all. The results of all other steps that they need must be
  /// in the folder.
  let selection: [ExperimentStep]?

  public init(
    _ experiment: Experiment, folder: RunFolder, steps: [ExperimentStep]? = nil,
    device: Device = .cpu,
    evaluator: Evaluator = Evaluator(), progress: ProgressDisplay = ProgressDisplay(.quiet)
  ) {
    selection = steps
    self.experiment = experiment
    self.folder = folder
    self.device = device
    self.evaluator = evaluator
    self.progress = progress
  }

  /// Runs the selected steps whose results are missing.
  ///
  /// The grid is returned and not written, because the caller may add flags to it; see
  /// `Grid.write`. The grids of repetitions are written into their own folders.
  /// - Returns: the grid, and the models in the form in which they were evaluated; nil if the
  ///   report is not one of the selected steps.
  /// - Throws: `Failure`, for example if a step needs another step that has not been run and is not
  ///   selected.
  public func run() throws -> (grid: Grid, models: [Contestant])? {
    try experiment.checkFileNames()
    let (test, attacked) = try experiment.testImages(progress: progress)
    for plan in experiment.attacks {
      try plan.goal.validate(classCount: attacked.classCount)
      let images = try plan.count.map { try attacked.first($0) } ?? attacked
      try plan.checkMasks(of: images)
      try plan.leftOut(of: images).map { progress.note($0) }
    }
    try checkMasks(attacked)
    try checkExplanations(of: [], test, attacked)
    try describe()
    let (entrants, search) = try models(test: test)
    let models = entrants.map(\.contestant)
    for contestant in models {
      try contestant.classifier.checkAccepts(attacked, model: contestant.name)
      for plan in experiment.attacks { try plan.check(against: contestant.classifier) }
    }
    try checkExplanations(of: models, test, attacked)
    let probes = try models.filter { isWanted(.probe($0.name)) }.map { try probe($0, attacked) }
    try checkForeign(probes, attacked)
    let results = try transfer(models, attacked)
    let explained = try explanations(models, test: test, attacked, isReported: isWanted(.report))
    let found = try explain(search, test, isReported: isWanted(.report))
    let repetitions = try experiment.repetitions.compactMap(repetition)
    guard isWanted(.report) else { return nil }
    if selection == nil { folder.removeJournals() }
    let evidence = TrustEvidence(
      results: results, plans: experiment.attacks, probes: probes, classCount: attacked.classCount)
    let provenance = self.provenance(
      attacked, entrants.map(\.record), computations(entrants, results, probes, explained ?? []))
    let cells = results.flatMap { $0.cells() }
    let spending = results.map { $0.spending() }
    let groups = groupCells(results, attacked)
    let own = Grid(cells: cells, provenance: provenance, spending: spending, groups: groups)
    let grid = Grid(
      cells: cells, provenance: provenance,
      flags: evidence.flags(), spending: spending,
      overlaps: results.flatMap { $0.overlaps() },
      worstCases: results.worstCases(experiment.attacks),
      repeats: ([own] + repetitions).repeatedCells(), groups: groups,
      groupRepeats: ([own] + repetitions).repeatedGroups(),
      reliance: reliance(models, attacked), another: found,
      anotherRepeats: ([found] + repetitions.map(\.another)).repeatedMeasures(),
      explanations: explained)
    return (grid, models)
  }

  /// Writes the resolved experiment into the folder. Selected steps are refused if the folder holds
  /// another experiment, because other processes may be running its steps.
  private func describe() throws {
    let text = try experiment.resolved()
    let there = try? String(contentsOf: folder.experiment, encoding: .utf8)
    guard there != text else { return }
    guard selection == nil || there == nil else {
      throw Failure(
        .failed, "\(folder.url.path) holds another experiment",
        hint: "choose another folder with --out, or leave out --steps to replace the experiment")
    }
    try AtomicFile.write(text, to: folder.experiment)
  }

  /// The grid of a repetition of the experiment from another seed; nil if it is not needed.
  private func repetition(_ number: Int) throws -> Grid? {
    guard isWanted(.repetition(number)) else { return nil }
    let claim = try selection.map { _ in try folder.claim(ExperimentStep.repetition(number).name) }
    defer { withExtendedLifetime(claim) {} }
    do {
      let place = folder.url.appending(path: "repeats/\(number)")
      // If the repetition is needed but not selected, its results must be in its folder already.
      let grid = try ExperimentRun(
        experiment.repetition(number), folder: RunFolder(place),
        steps: isSelected(.repetition(number)) ? nil : [.report],
        device: device, evaluator: evaluator, progress: progress
      ).run()?.grid
      try grid?.write(to: place)
      return grid
    } catch let failure as Failure {
      throw Failure(failure.kind, "repetition \(number): \(failure.message)", hint: failure.hint)
    }
  }

  // MARK: Transfer

  private func transfer(_ models: [Contestant], _ data: LabelledImages) throws -> [TransferResult] {
    try experiment.attacks.flatMap { plan in
      try models.filter { isWanted(.attack(plan.name, source: $0.name)) }.map { source in
        let runner = try self.runner(plan, source, models, data)
        let place = folder.predictions(attack: plan.name, source: source.name)
        let request = runner.request
        let keep = experiment.keptImages(of: plan.name, runner.data)
        let stored = isKept(keep, runner) ? PredictionFile.read(place, request: request) : nil
        return try step(.attack(plan.name, source: source.name), reused: stored != nil) {
          if let stored { return stored }
          return try fire(runner, keep: keep, request: request, into: place)
        }
      }
    }
  }

  func runner(
    _ plan: AttackPlan, _ source: Contestant, _ victims: [Contestant], _ data: LabelledImages
  ) throws -> TransferRunner {
    try TransferRunner(
      plan: plan, source: source, victims: victims, data: data,
      seed: experiment.seed.derive("attack \(plan.name)"),
      evaluator: evaluator)
  }

  private func fire(_ runner: TransferRunner, keep: Int, request: String, into place: URL) throws
    -> TransferResult
  {
    let title = "\(runner.plan.name) from \(runner.source.name)"
    let journal = BatchJournal(for: place, request: request)
    progress.begin(title, total: runner.count, unit: "examples")
    let started = ContinuousClock.now
    let (result, examples) = try runner.run(keep: keep, journal: journal) { progress.update($0) }
    try examples?.write(to: folder.examples(attack: runner.plan.name, source: runner.source.name))
    try PredictionFile.write(result, request: request, to: place)
    journal.remove()
    progress.end(
      "\(title): \(runner.count) examples, "
        + "\(runner.plan.epsilons.count) budget\(runner.plan.epsilons.count == 1 ? "" : "s"), "
        + "\(runner.victims.count) victim\(runner.victims.count == 1 ? "" : "s"): "
        + ProgressDisplay.time((ContinuousClock.now - started).seconds)
    )
    return result
  }

  /// Whether the folder has the examples that are to be kept: the right number of them, made on the
  /// same source with the same settings.
  private func isKept(_ keep: Int, _ runner: TransferRunner) -> Bool {
    guard runner.examples(ofImages: keep) > 0 else { return true }
    let (plan, source) = (runner.plan, runner.source)
    guard let set = try? ExampleSet(folder.examples(attack: plan.name, source: source.name)) else {
      return false
    }
    return set.count == runner.examples(ofImages: keep)
      && set.origin.sourceFingerprint == source.fingerprint
      && set.origin.epsilons == plan.epsilons && set.origin.parameters == plan.parameters
  }

  // MARK: Trust

  private func probe(_ model: Contestant, _ data: LabelledImages) throws -> ModelProbe {
    let noises = experiment.attacks.noiseSizes
    let seed = experiment.seed.derive("probe")
    let parts = [
      "probe 4", device.kind, model.fingerprint, data.fingerprint, "\(seed.value)", "\(noises)",
    ]
    let request = Digest.hex(of: parts.joined(separator: "\n"))
    let pictures = RunFolder.gradients(model.name, in: folder.url)
    let arePictured = GradientPictures(pictures, request: request) != nil
    let decisions = RunFolder.decisions(model.name, in: folder.url)
    let isMapped =
      !DecisionMap.isDefined(for: data) || DecisionMap(decisions, request: request) != nil
    let stored =
      arePictured && isMapped ? ProbeFile.read(folder.probe(model.name), request: request) : nil
    let missing = missingReliance(model, data)
    return try step(.probe(model.name), reused: stored != nil && missing == nil) {
      try missing.map { try measureReliance(model, data, request: $0) }
      if let stored { return stored }
      progress.begin("probe \(model.name)", total: 1, unit: "model")
      let probe = ModelProbe(
        of: model.watched(by: progress), on: data, noises: noises, seed: seed)
      progress.end(nil)
      try GradientPictures(of: model, on: data).write(request: request, to: pictures)
      try DecisionMap(of: model, on: data)?.write(request: request, to: decisions)
      try ProbeFile.write(probe, request: request, to: folder.probe(model.name))
      return probe
    }
  }

  // MARK: Records

  /// Runs a step and logs it. A step that is neither reused nor selected is an error.
  func step<Result>(_ step: ExperimentStep, reused: Bool, _ body: () throws -> Result) throws
    -> Result
  {
    guard reused || isSelected(step) else {
      throw Failure(
        .failed,
        "the step '\(step.name)' has not been done, and selected steps need it",
        hint: "run it first, or add it to --steps")
    }
    let claim = reused || selection == nil ? nil : try folder.claim(step.name)
    defer { withExtendedLifetime(claim) {} }
    let started = ContinuousClock.now
    let result = try body()
    let attack = reused ? nil : (result as? TransferResult)?.cost.seconds
    folder.log(
      step.name, seconds: (ContinuousClock.now - started).seconds, attack: attack, reused: reused)
    return result
  }

  private func isSelected(_ step: ExperimentStep) -> Bool { selection?.contains(step) ?? true }

  /// Whether a step is selected, or is needed because the report is selected.
  func isWanted(_ step: ExperimentStep) -> Bool { isSelected(step) || isSelected(.report) }
}
