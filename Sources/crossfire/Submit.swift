import ArgumentParser
import Cluster
import Evaluation
import Foundation
import Support

struct Submit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment on a cluster with Slurm.",
    discussion: """
      Submits job arrays that do the steps of the experiment: first the models, then the
      attacks, probes and explanations, and at the end the report. Each waits for what it
      needs. Steps that are done, or in jobs that wait or run, are left out, so the same
      command continues what was interrupted and repeats what has failed. Options of sbatch
      follow after two hyphens; those for one kind of step stand in the experiment's entry
      'cluster' (docs/clusters.md).

      EXAMPLES
        crossfire submit experiment.yaml --out results --dry-run
        crossfire submit experiment.yaml --out results -- --partition=gpu --gres=gpu:1
        crossfire submit experiment.yaml --out results --parts 8 --max-tasks 50 \\
          --threads 4 -- --cpus-per-task=4 --time=02:00:00
        crossfire status results --watch
      """)

  @Argument(
    help: ArgumentHelp("The experiment file.", valueName: "experiment.yaml"),
    completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(
    help: ArgumentHelp(
      "The run folder, which every node must see (default: the experiment's name).",
      valueName: "dir"), completion: .directory)
  var out: String?

  @OptionGroup var division: PartsOption

  @Option(
    help: ArgumentHelp(
      "The most tasks for the steps of each kind; each task then does several steps. "
        + "(default: one task per step)", valueName: "n"))
  var maxTasks: Number?

  @Flag(help: "Print the scripts, and submit nothing. Slurm need not be installed.")
  var dryRun = false

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp(
      "Options of sbatch, after two hyphens. They override those of the experiment.",
      valueName: "sbatch-option"))
  var options: [String] = []

  @OptionGroup var existing: ReplaceOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let (parts, tasks) = (
      try division.count, try maxTasks?.whole("--max-tasks", in: 1...1_000_000)
    )
    let engine = try self.engine.words
    let experiment = try output.experiment(file)
    let url = URL(filePath: out ?? experiment.name)
    guard let executable = Bundle.main.executablePath else {
      throw Failure(
        .failed, "the path of crossfire is not known",
        hint: "state it in the experiment: cluster: { command: /path/to/crossfire }")
    }
    var submission = Submission(experiment, into: url, executable: executable)
    submission.parts = parts
    submission.maxTasks = tasks
    submission.engine = engine
    // The parser got negative numbers with a minus sign.
    submission.options = options.map { Number(argument: $0).text }
    guard !dryRun else { return try Console.write(submission.preview()) }
    try check(url, experiment)
    let outcome = try submission.submit()
    try output.show(outcome, outcome.text(experiment.name, url))
  }

  /// Checks that the folder is empty or holds this experiment, and that no run is at work in it.
  private func check(_ url: URL, _ experiment: Experiment) throws {
    try ReplaceOption.check(url, isNoneOf: [experiment.data.reference.path])
    let folder = try RunFolder(url)
    try existing.check(folder, for: experiment, from: URL(filePath: file), isShared: false) {
      output.progress.note($0)
    }
  }
}

extension EngineOptions {
  /// The options that were given, as words for another `crossfire run`.
  /// - Throws: `Failure.usage` if a number is out of range.
  fileprivate var words: [String] {
    get throws {
      let threads = try threadCount()
      return (device == "auto" ? [] : ["--device", device])
        + (threads.map { ["--threads", "\($0)"] } ?? [])
        + (batchSize.map { ["--batch-size", $0.text] } ?? [])
    }
  }
}

extension Submission.Outcome {
  /// A line for each job, and what was left out.
  fileprivate func text(_ experiment: String, _ folder: URL) -> String {
    var lines: [String] = []
    if !cancelled.isEmpty {
      lines.append(
        "cancelled jobs that waited for failed ones: "
          + cancelled.map(String.init).joined(separator: ", "))
    }
    if done > 0 { lines.append("\(done) steps of \(experiment) are done already") }
    if left > 0 { lines.append("\(left) steps are left to jobs that wait or run already") }
    guard !jobs.isEmpty else { return (lines + ["nothing to submit"]).joined(separator: "\n") }
    var table = TextTable(["jobs", "number", "steps", "tasks", "after"])
    for job in jobs {
      let needs = job.needs.joined(separator: " ")
      let after = needs.count > 40 ? "\(job.needs.count) jobs" : needs
      table.add([job.group.rawValue, "\(job.id)", "\(job.steps)", "\(job.tasks)", after])
    }
    lines += [
      "", table.text, "",
      "crossfire status \(folder.relativePath.shellWord) shows how far they are",
    ]
    return lines.joined(separator: "\n").trimmingCharacters(in: .newlines)
  }
}
