import Attacks
import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// Runs the steps of an experiment (`ExperimentStep`) and writes their results into a folder.
///
/// The result of each step contains the digest of everything that it depends on. A step whose
/// result is already in the folder is not run again. Several processes may run steps of the same
/// experiment in the same folder: each claims the step that it does, and leaves out those that
/// others are doing.
public struct ExperimentRun {
  public let experiment: Experiment
  public let folder: RunFolder
  public let device: Device
  public let evaluator: Evaluator
  public let progress: ProgressDisplay
  /// The steps that may be run; nil for all. The results of all other steps that they need must be
  /// in the folder.
  let selection: Set<ExperimentStep>?
  /// Whether to wait for steps that other processes are doing.
  let waits: Bool
  /// What is left open in the present pass over the steps.
  let open: OpenSteps

  /// - Parameters:
  ///   - steps: the steps that may be run; nil for all.
  ///   - waits: whether to wait for steps that other processes are doing. A run of all steps always
  ///     waits.
  public init(
    _ experiment: Experiment, folder: RunFolder, steps: [ExperimentStep]? = nil,
    waits: Bool = false, device: Device = .cpu,
    evaluator: Evaluator = Evaluator(), progress: ProgressDisplay = ProgressDisplay(.quiet)
  ) {
    selection = steps.map(Set.init)
    self.waits = waits || steps == nil
    self.experiment = experiment
    self.folder = folder
    self.device = device
    self.evaluator = evaluator
    self.progress = progress
    open = OpenSteps(experiment, folder)
  }

  /// Runs the selected steps whose results are missing.
  ///
  /// The grid is returned and not written, because the caller may add flags to it; see
  /// `Grid.write`. The grids of repetitions are written into their own folders.
  /// - Returns: the grid, and the models in the form in which they were evaluated; nil if the
  ///   report is not one of the selected steps.
  /// - Throws: `Failure`, for example if a step needs another step that has not been run and is not
  ///   selected, or, with the status 75, if other processes are doing what is left.
  public func run() throws -> (grid: Grid, models: [Contestant])? {
    try experiment.checkFileNames()
    let (test, attacked) = try experiment.testImages(
      cache: folder.dataCache(), progress: progress)
    for plan in experiment.attacks {
      try plan.goal.validate(classCount: attacked.classCount)
      let images = try plan.count.map { try attacked.first($0) } ?? attacked
      try plan.checkMasks(of: images)
      try plan.leftOut(of: images).map { progress.note($0) }
    }
    try checkMasks(attacked)
    try checkExplanations(of: [], test, attacked)
    try checkCertificates(of: [], attacked)
    try describe()
    while true {
      let finished = try pass(test, attacked)
      if open.isEmpty { return finished }
      try settle()
    }
  }

  /// Goes once through all steps, does those that can be done, and notes the others in `open`.
  private func pass(
    _ test: LabelledImages, _ attacked: LabelledImages
  ) throws -> (grid: Grid, models: [Contestant])? {
    open.begin()
    let (entrants, search) = try models(test: test)
    let models = entrants.map(\.contestant)
    for contestant in models {
      try contestant.classifier.checkAccepts(attacked, model: contestant.name)
      for plan in experiment.attacks { try plan.check(against: contestant.classifier) }
    }
    try checkExplanations(of: models, test, attacked)
    try checkCertificates(of: models, attacked)
    let areComplete = open.isEmpty
    let probes = try models.filter { isWanted(.probe($0.name)) }.compactMap {
      try probe($0, attacked)
    }
    try checkForeign(probes, attacked)
    // The examples of an attack are shown to every model.
    let results = areComplete ? try transfer(models, attacked) : []
    let certified = try certificates(models, attacked)
    let explained = try explanations(models, test: test, attacked)
    let repetitions = try experiment.repetitions.compactMap(repetition)
    guard open.isEmpty else { return nil }
    try markStepsOfAbsentModels(models)
    let found = try explain(search, test, isReported: isWanted(.report))
    guard isWanted(.report) else { return nil }
    try explained.map {
      try AtomicFile.write($0.csv(), to: folder.url.appending(path: "explanations.csv"))
    }
    folder.removeJournals()
    return (
      try grid(
        entrants, attacked,
        Findings(
          results: results, probes: probes, certified: certified,
          explained: explained?.map(\.model), found: found,
          repetitions: repetitions)), models
    )
  }

  /// Marks the selected steps of models that do not exist, because the search for them stopped
  /// before.
  private func markStepsOfAbsentModels(_ models: [Contestant]) throws {
    guard let another = experiment.another else { return }
    let absent = Set(another.names).subtracting(models.map(\.name))
    for step in selection ?? Set(experiment.steps) {
      if let model = step.model, absent.contains(model) {
        try open.reuse(step, isSelected: true)
      }
    }
  }

  /// The results of all steps.
  private struct Findings {
    let results: [TransferResult]
    let probes: [ModelProbe]
    let certified: [CertifiedModel]
    let explained: [ExplainedModel]?
    let found: OtherExplanations?
    let repetitions: [Grid]
  }

  private func grid(
    _ entrants: [Entrant], _ attacked: LabelledImages, _ findings: Findings
  ) throws -> Grid {
    let (results, repetitions) = (findings.results, findings.repetitions)
    let evidence = TrustEvidence(
      results: results, plans: experiment.attacks, probes: findings.probes,
      classCount: attacked.classCount, certified: findings.certified)
    let provenance = self.provenance(
      attacked, entrants.map(\.record),
      computations(entrants, results, findings.probes, findings.explained ?? [], findings.certified)
    )
    let cells = results.flatMap { $0.cells() }
    let spending = results.map { $0.spending() }
    let groups = groupCells(results, attacked)
    let worst = results.worstOutcomes(experiment.attacks.map(\.sizeOfBudget))
    let own = Grid(cells: cells, provenance: provenance, spending: spending, groups: groups)
    return Grid(
      cells: cells, provenance: provenance,
      flags: evidence.flags(), spending: spending,
      overlaps: results.flatMap { $0.overlaps() },
      worstCases: worst.worstCases(),
      repeats: ([own] + repetitions).repeatedCells(), groups: groups,
      groupRepeats: ([own] + repetitions).repeatedGroups(),
      reliance: reliance(entrants.map(\.contestant), attacked), another: findings.found,
      anotherRepeats: ([findings.found] + repetitions.map(\.another)).repeatedMeasures(),
      explanations: findings.explained,
      certified: findings.certified.isEmpty
        ? nil : findings.certified.flatMap { $0.cells(beside: results, experiment.attacks) },
      rankings: worst.map(WorstCaseRanking.init))
  }

  /// Writes the resolved experiment into the folder. A folder that holds another experiment is left
  /// as it is if only some steps are selected, or if other processes are at work in it.
  private func describe() throws {
    if selection == nil { folder.sweep() }
    let text = try experiment.resolved()
    let there = folder.storedExperiment
    guard there != text else { return }
    guard selection == nil || there == nil else {
      throw Failure(
        .failed, "\(folder.url.path) holds another experiment",
        hint: "choose another folder with --out, or leave out --steps to replace the experiment")
    }
    if there != nil, let other = folder.claims.live.first {
      throw Failure.cannotWrite(
        "another crossfire is at work on another experiment in \(folder.url.path): "
          + "\(other.value.description) does '\(other.key)'",
        hint: "wait until it has finished, or choose another folder with --out")
    }
    try AtomicFile.write(text, to: folder.experiment)
  }

  /// The grid of a repetition of the experiment from another seed; nil if it is not needed, or if
  /// another process is at work on it.
  private func repetition(_ number: Int) throws -> Grid? {
    let step = ExperimentStep.repetition(number)
    guard isWanted(step) else { return nil }
    let claim = isSelected(step) ? try folder.claims.take(step) : nil
    guard isSelected(step) ? claim != nil : folder.claims.holder(of: step) == nil else {
      open.take(step)
      return nil
    }
    defer { withExtendedLifetime(claim) {} }
    do {
      let place = folder.url.appending(path: "repeats/\(number)")
      let started = ContinuousClock.now
      // If the repetition is needed but not selected, its results must be in its folder already.
      let grid = try ExperimentRun(
        experiment.repetition(number), folder: RunFolder(place),
        steps: isSelected(step) ? nil : [.report], waits: waits,
        device: device, evaluator: evaluator, progress: progress
      ).run()?.grid
      try grid?.write(to: place)
      try open.mark(step, seconds: (ContinuousClock.now - started).seconds)
      return grid
    } catch let failure as Failure {
      let hint =
        isSelected(step) ? failure.hint : "run '\(step.name)' first, or add it to --steps"
      throw Failure(failure.kind, "\(step.name): \(failure.message)", hint: hint)
    }
  }

  // MARK: Trust

  private func probe(_ model: Contestant, _ data: LabelledImages) throws -> ModelProbe? {
    let noises = experiment.attacks.noiseSizes
    let seed = experiment.seed.derive("probe")
    let parts = [
      "probe 5", device.kind, model.fingerprint, data.fingerprint, "\(seed.value)", "\(noises)",
    ]
    let request = Digest.hex(of: parts.joined(separator: "\n"))
    let pictures = RunFolder.gradients(model.name, in: folder.url)
    let decisions = RunFolder.decisions(model.name, in: folder.url)
    func stored() -> ModelProbe? {
      guard GradientPictures(pictures, request: request) != nil,
        !DecisionMap.isDefined(for: data) || DecisionMap(decisions, request: request) != nil,
        missingReliance(model, data) == nil
      else { return nil }
      return ProbeFile.read(folder.probe(model.name), request: request)
    }
    return try step(.probe(model.name), stored: stored) {
      try missingReliance(model, data).map { try measureReliance(model, data, request: $0) }
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
}
