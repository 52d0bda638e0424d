import ArgumentParser
import Evaluation
import Foundation
import ModelCore
import Reports
import Support

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment file, or resume a run that was interrupted.",
    discussion: """
      Trains the models, attacks each of them with every attack, and lets all models
      classify all examples. Writes the grids, the pictures and the report into the
      run folder. Results that the folder already has for the same settings are not
      computed again, and an interrupted run continues. A folder with the results of
      an experiment of another name is left as it is, unless --replace is given.

      Several processes, also on several machines, may run the same experiment into the
      same folder. The exit status is 75 if all that is left is being done by others.

      EXAMPLES
        crossfire run Experiments/quick.yaml --out results
        crossfire run Experiments/quick.yaml --out results --dry-run
        crossfire run Experiments/quick.yaml --out results --steps 'model *'
        crossfire run Experiments/quick.yaml --out results --steps 'attack fgsm from normal'
        crossfire run Experiments/quick.yaml --out results --steps 'attack * part 2 of 4'
      """)

  @Argument(
    help: ArgumentHelp("The experiment file.", valueName: "experiment.yaml"),
    completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(
    help: ArgumentHelp(
      "The run folder (default: the experiment's name).", valueName: "dir"), completion: .directory)
  var out: String?

  @Flag(help: "Check the experiment and list its steps with estimated times, without running any.")
  var dryRun = false

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Do only these steps, by the names that --dry-run lists; * stands for any text. "
        + "'attack A from M part 2 of 4' is a quarter of an attack. Several processes can do steps in "
        + "the same folder: each takes the next step that no other is doing.", valueName: "step"))
  var steps: [String] = []

  @Flag(
    help: "Wait for steps that other processes are doing, instead of ending with the status 75.")
  var wait = false

  @OptionGroup var existing: ReplaceOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let experiment = try output.experiment(file)
    let folder = URL(filePath: out ?? experiment.name)
    let evaluator = try engine.evaluator()
    if dryRun {
      let estimates = try StepEstimates(
        experiment, folder: folder, device: device, evaluator: evaluator, progress: output.progress)
      let steps = PlannedSteps(try RunPlan(experiment, folder: folder), estimates.all)
      return try output.show(steps, steps.estimatesText)
    }
    let options = FinishedRun.Options(
      steps: steps.isEmpty ? nil : try experiment.steps(matching: steps), waits: wait,
      device: device,
      evaluator: evaluator, progress: output.progress)
    try experiment.runAndShow(
      into: folder, from: URL(filePath: file), options, output, existing)
  }
}

extension Experiment {
  /// Runs the experiment into a folder and shows its summary before the study is drawn. If the
  /// summary cannot be shown, the run still finishes before this is an error.
  /// - Parameter file: the experiment's file, if there is one.
  func runAndShow(
    into url: URL, from file: URL?, _ options: FinishedRun.Options, _ output: OutputOptions,
    _ existing: ReplaceOption
  ) throws {
    let files: [URL?] = models.map { plan in
      if case .file(let url, _) = plan.origin { url } else { nil }
    }
    try ReplaceOption.check(url, isNoneOf: [data.reference.path])
    for plan in models where plan.isTrained {
      try ReplaceOption.check(RunFolder.model(plan.name, in: url), isNoneOf: files)
    }
    let folder = try RunFolder(url)
    try existing.check(folder, for: self, from: file, isShared: options.steps != nil) {
      output.progress.note($0)
    }
    var unshown: (any Error)?
    try run(in: folder, options: options) { finished in
      do { try output.show(finished.grid, finished.text) } catch { unshown = error }
    }
    if let unshown { throw unshown }
  }
}
