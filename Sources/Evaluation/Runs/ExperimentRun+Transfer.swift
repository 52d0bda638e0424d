import Attacks
import Datasets
import Foundation
import ModelCore
import Support

extension ExperimentRun {
  /// Attacks every model with every attack, or computes the selected parts of attacks.
  /// - Returns: the results of the attacks that are done, without those of parts.
  func transfer(_ models: [Contestant], _ data: LabelledImages) throws -> [TransferResult] {
    let selectedParts = self.selectedParts
    return try experiment.attacks.flatMap { plan in
      try models.compactMap { source in
        let whole = ExperimentStep.attack(plan.name, source: source.name)
        let parts = selectedParts[whole] ?? []
        guard isWanted(whole) || !parts.isEmpty else { return nil }
        let task = try AttackTask(self, runner(plan, source, models, data))
        for part in parts { try compute(part, of: task) }
        return isWanted(whole) ? try result(of: task, whole) : nil
      }
    }
  }

  func runner(
    _ plan: AttackPlan, _ source: Contestant, _ victims: [Contestant], _ data: LabelledImages
  ) throws -> TransferRunner {
    try TransferRunner(
      plan: plan, source: source, victims: victims, data: data,
      seed: experiment.seed.derive("attack \(plan.name)"),
      evaluator: evaluator, judgements: experiment.judgements
    ) {
      try experiment.data.lazily(.train, cache: folder.dataCache(), progress: progress).images()
    }
  }

  /// Computes a part of an attack, whose batches the step of the attack reads.
  private func compute(_ part: AttackPart, of task: AttackTask) throws {
    let runner = task.runner
    let step = ExperimentStep.part(runner.plan.name, source: runner.source.name, part)
    _ = try self.step(step) {
      task.isDone || runner.isStored(part, keep: task.keep, in: task.journal) ? true : nil
    } _: {
      let title = "\(task.title), \(part.name)"
      progress.begin(title, total: runner.count(of: part), unit: "examples")
      let started = ContinuousClock.now
      try runner.compute(part, keep: task.keep, journal: task.journal) { progress.update($0) }
      progress.end(
        "\(title): \(runner.count(of: part)) examples: "
          + ProgressDisplay.time((ContinuousClock.now - started).seconds))
      return true
    }
  }

  /// The result of an attack.
  /// - Returns: nil if it is not there, or if it is there and not needed because there is no report.
  private func result(of task: AttackTask, _ step: ExperimentStep) throws -> TransferResult? {
    func stored() -> TransferResult?? {
      guard task.isDone else { return nil }
      return isWanted(.report) ? task.stored.map { .some($0) } : .some(nil)
    }
    let result: TransferResult?? = try self.step(step, stored: stored) { try fire(task) }
    return result ?? nil
  }

  private func fire(_ task: AttackTask) throws -> TransferResult {
    let runner = task.runner
    progress.begin(task.title, total: runner.count, unit: "examples")
    let started = ContinuousClock.now
    let (result, examples) = try runner.run(keep: task.keep, journal: task.journal) {
      progress.update($0)
    }
    try examples?.write(to: task.examples)
    try PredictionFile.write(result, request: task.request, to: task.place)
    task.journal.remove()
    progress.end(
      "\(task.title): \(runner.count) examples, "
        + "\(runner.plan.epsilons.count) budget\(runner.plan.epsilons.count == 1 ? "" : "s"), "
        + "\(runner.victims.count) victim\(runner.victims.count == 1 ? "" : "s"): "
        + ProgressDisplay.time((ContinuousClock.now - started).seconds)
    )
    return result
  }
}

/// An attack on a source model in a run, and the files of its results.
private struct AttackTask {
  let runner: TransferRunner
  let request: String
  /// The number of images whose examples are kept.
  let keep: Int
  let place: URL
  let examples: URL

  init(_ run: ExperimentRun, _ runner: TransferRunner) {
    self.runner = runner
    let (attack, source) = (runner.plan.name, runner.source.name)
    request = runner.request
    keep = run.experiment.keptImages(of: attack, runner.data)
    place = run.folder.predictions(attack: attack, source: source)
    examples = run.folder.examples(attack: attack, source: source)
  }

  var title: String { "\(runner.plan.name) from \(runner.source.name)" }
  var journal: BatchJournal { BatchJournal(for: place, request: request) }
  var stored: TransferResult? { PredictionFile.read(place, request: request) }

  /// Whether the folder has the predictions of this request, and the examples that are to be kept.
  var isDone: Bool { PredictionFile.request(of: place) == request && areExamplesKept }

  /// Whether the folder has the examples that are to be kept: the right number of them, made on the
  /// same source with the same settings.
  private var areExamplesKept: Bool {
    let count = runner.examples(ofImages: keep)
    guard count > 0 else { return true }
    guard let (origin, found) = ExampleSet.description(of: examples) else { return false }
    // Examples of earlier versions do not say to which request they belong.
    return found == count && origin.request ?? request == request
      && origin.sourceFingerprint == runner.source.fingerprint
      && origin.epsilons == runner.plan.epsilons && origin.parameters == runner.plan.parameters
  }
}
