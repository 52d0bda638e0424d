import ForeignModels
import Support

/// What one pass over the steps of a run leaves open, and what all passes have done.
final class OpenSteps {
  /// The steps that other processes are doing.
  private(set) var taken: [ExperimentStep] = []
  /// The steps that are needed, and that nobody is doing.
  private(set) var missing: [ExperimentStep] = []
  /// The steps that have failed, and why.
  private(set) var failed: [(step: ExperimentStep, failure: Failure)] = []
  /// The models that have been loaded, so that a further pass need not load them again.
  var models: [String: LoadedModel] = [:]
  /// Whether other machines may change the folder.
  private(set) lazy var isShared = isOnNetwork(folder.url)
  /// When steps were first missing while nobody was at work; nil if somebody has been since.
  var waitedSince: ContinuousClock.Instant?

  private let experiment: Experiment
  private let folder: RunFolder
  private var noted: Set<ExperimentStep> = []
  private lazy var keys: StepKeys? = try? StepKeys(experiment)
  private lazy var marks = StepMarks(folder.url)

  init(_ experiment: Experiment, _ folder: RunFolder) {
    self.experiment = experiment
    self.folder = folder
  }

  var isEmpty: Bool { taken.isEmpty && missing.isEmpty && failed.isEmpty }

  /// Begins a pass.
  func begin() { (taken, missing) = ([], []) }

  func take(_ step: ExperimentStep) { taken.append(step) }
  func miss(_ step: ExperimentStep) { missing.append(step) }
  func fail(_ step: ExperimentStep, _ failure: Failure) { failed.append((step, failure)) }

  /// Logs that the folder had the result of a step, unless it was only needed by others, and marks the
  /// step as done.
  func reuse(_ step: ExperimentStep, isSelected: Bool) throws {
    guard noted.insert(step).inserted else { return }
    if isSelected { folder.log(step.name, seconds: 0, reused: true) }
    if let key = keys?(step), !marks.contains(step, key: key) {
      try marks.add(step, key: key, StepMarks.Mark(seconds: nil))
    }
  }

  /// Marks a step as done.
  func mark(_ step: ExperimentStep, seconds: Double) throws {
    noted.insert(step)
    guard let key = keys?(step) else { return }
    try marks.add(step, key: key, StepMarks.Mark(seconds: seconds))
  }

  /// Removes the marks of the steps that are missing, since their results are not what the marks say.
  func removeMarksOfMissing() {
    let marks = StepMarks(folder.url)
    missing.forEach(marks.remove)
  }

  /// Whether one of some steps is marked as done now.
  func isAnyMarked(_ steps: [ExperimentStep]) -> Bool {
    guard let keys else { return false }
    let marks = StepMarks(folder.url)
    return steps.contains { marks.contains($0, key: keys($0)) }
  }
}
