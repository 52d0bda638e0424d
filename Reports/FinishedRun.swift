import Attacks
import Evaluation
import Foundation
import HumanStudy
import ImageSets
import ModelCore
import Support

/// What a finished run of an experiment produced. `Experiment.run(in:options:)` makes it.
public struct FinishedRun: Sendable {
  /// The measurements with every flag, as `grid.json` holds them.
  public let grid: Grid
  /// The place of the report's page, `report/index.html`.
  public let page: URL
  /// The exported pictures; nil if the experiment exports none.
  public let pictures: ImageSet.Outcome?
  /// The human study that was drawn; nil if the experiment has none, or if the study in the folder
  /// has answers already and was left as it is.
  public fileprivate(set) var study: StudySampler.Outcome?

  /// What a run does, and with what.
  public struct Options: Sendable {
    /// The steps to do; nil for all. Steps that are needed but not listed must be done already.
    public var steps: [ExperimentStep]?
    /// Whether to wait for steps that other processes are doing. A run of all steps always waits.
    public var waits: Bool
    public var device: Device
    public var evaluator: Evaluator
    public var progress: ProgressDisplay

    public init(
      steps: [ExperimentStep]? = nil, waits: Bool = false, device: Device = .cpu,
      evaluator: Evaluator = Evaluator(), progress: ProgressDisplay = ProgressDisplay(.quiet)
    ) {
      self.steps = steps
      self.waits = waits
      self.device = device
      self.evaluator = evaluator
      self.progress = progress
    }
  }

  /// The worst case of each norm in a sentence, and the remarks, for a terminal.
  public var summary: String {
    let numbers = KeyNumbers(grid).sentences.prefix(max(1, grid.headlineBudgets.count))
    return (numbers.map { "  • \($0)" } + [remarks]).joined(separator: "\n")
  }

  /// What the repetitions do not show, the flags with the models they concern, and the report's place,
  /// for a terminal.
  public var remarks: String {
    let limits = [grid.repeats.limits].compactMap { $0 }.map { "  • \($0)" }
    let names = Dictionary(grouping: grid.flags, by: \.name).sorted { $0.key < $1.key }
    let flags = names.map { name, flags in
      let models = Set(flags.compactMap { $0.victim ?? $0.source }).sorted()
      return "  ⚑ \(name)" + (models.isEmpty ? "" : ": " + models.joined(separator: ", "))
    }
    let lines = limits + flags
    return (lines + (lines.isEmpty ? [] : [""]) + ["report: \(page.path)"]).joined(separator: "\n")
  }
}

extension Experiment {
  /// Runs the experiment to its end, as `crossfire run` does: trains and attacks what has no stored
  /// result yet, exports pictures, writes the grid's files and the report, and draws the study.
  ///
  /// ```swift
  /// let experiment = try Experiment(URL(filePath: "experiment.yaml"))
  /// let folder = try RunFolder(URL(filePath: "results"))
  /// if let run = try experiment.run(in: folder) {
  ///   print(run.summary)
  /// }
  /// ```
  ///
  /// The grid's files are written once, with the flags of the exported pictures. The study comes
  /// last, so an experiment whose examples do not suffice for its study still has its report.
  ///
  /// Other processes may run the experiment in the same folder at the same time; each step is done by
  /// one of them.
  ///
  /// - Parameter reported: called when everything but the study is written.
  /// - Returns: what was produced; nil if the report is not among the steps.
  /// - Throws: `Failure`, among others if a step needs another that is neither done nor listed, and
  ///   if the examples do not suffice for the study.
  @discardableResult
  public func run(
    in folder: RunFolder, options: FinishedRun.Options = FinishedRun.Options(),
    reported: (FinishedRun) throws -> Void = { _ in }
  ) throws -> FinishedRun? {
    let run = ExperimentRun(
      self, folder: folder, steps: options.steps, waits: options.waits, device: options.device,
      evaluator: options.evaluator, progress: options.progress)
    guard let (measured, models) = try run.run() else { return nil }
    return try run.report {
      let pictures = try images.map { try $0.export(folder, models, options.progress) }
      // More flags come from the pictures, so the grid is written after them.
      let grid = measured.flagged(TrustEvidence(pictures: pictures?.losses ?? []).flags())
      try grid.write(to: folder.url)
      options.progress.begin("write the report", total: 1, unit: "report")
      let page = try ReportFolder.write(ofRun: folder.url, grid)
      options.progress.end(nil)
      var finished = FinishedRun(grid: grid, page: page, pictures: pictures)
      try reported(finished)
      finished.study = try study?.sample(folder, models, options.progress) ?? nil
      return finished
    } otherwise: {
      let grid = try Grid.read(folder.url.appending(path: "grid.json"))
      let finished = FinishedRun(
        grid: grid, page: folder.report.appending(path: "index.html"), pictures: nil)
      try reported(finished)
      return finished
    }
  }
}

extension ImagePlan {
  /// Exports the example sets of a run folder whose attacks the plan names.
  fileprivate func export(
    _ folder: RunFolder, _ models: [Contestant], _ progress: ProgressDisplay
  ) throws -> ImageSet.Outcome {
    let sets = try RunFolder.exampleSets(in: folder.url).map { try ExampleSet($0) }
      .filter { attacks.contains($0.origin.attack) }
    let total = sets.reduce(0) { $0 + $1.count * $1.origin.epsilons.count }
    var images = try ImageSet(folder.images, jpegQualities: jpegQualities)
    var done = 0
    progress.begin("export pictures", total: total, unit: "pictures")
    for set in sets {
      let source = models.first {
        $0.name == set.origin.source && $0.fingerprint == set.origin.sourceFingerprint
      }
      try images.add(set, source: source?.classifier) {
        done += 1
        progress.update(done)
      }
    }
    progress.end(nil)
    let outcome = try images.finish()
    progress.note(
      "exported \(outcome.pictures) pictures to \(folder.images.path): "
        + "\(outcome.foolingAsStored) of the \(outcome.fooling) that fooled their source "
        + "still fool it as 8-bit files")
    return outcome
  }
}

extension StudyDesign {
  /// Draws the study from a run folder's examples.
  /// - Returns: nil if the study in the folder has answers, which a new one would invalidate.
  fileprivate func sample(
    _ folder: RunFolder, _ models: [Contestant], _ progress: ProgressDisplay
  ) throws -> StudySampler.Outcome? {
    let study = StudyFolder(folder.study)
    guard !study.hasAnswers else {
      progress.note("the study in \(study.url.path) has answers and is left as it is")
      return nil
    }
    let sets = try RunFolder.exampleSets(in: folder.url).map { try ExampleSet($0) }
    let outcome = try StudySampler(self, sets: sets, models: models).sample(
      into: study, progress: progress)
    progress.note(
      "drew a study of \(outcome.slots) lists with \(outcome.trialsEach) trials each and "
        + "\(outcome.pictures) pictures: \(study.url.path)")
    return outcome
  }
}

extension ReportFolder {
  /// Writes a run folder's report from the results that are stored in it.
  /// - Parameters:
  ///   - folder: the run folder.
  ///   - grid: its grid; nil reads `grid.json`.
  /// - Returns: the page's place.
  /// - Throws: `Failure.missing` without a `grid.json`, and what `init(of:_:)` and `write(to:)`
  ///   throw.
  @discardableResult
  public static func write(ofRun folder: URL, _ grid: Grid? = nil) throws -> URL {
    let grid = try grid ?? Grid.read(folder.appending(path: "grid.json"))
    return try ReportFolder(of: folder, grid).write(to: folder.appending(path: "report"))
  }
}
