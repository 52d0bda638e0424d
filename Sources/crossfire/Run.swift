import ArgumentParser
import Attacks
import Defenses
import Evaluation
import Foundation
import HumanStudy
import ImageSets
import ModelCore
import Reports
import Support

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment file; goes on where it was stopped.",
    discussion: """
      Trains the models that are not there yet, attacks each with every attack,
      shows all examples to all models, and writes grids, pictures and report into
      the run folder. What is already there from the same request is kept.

      EXAMPLES
        crossfire run Experiments/quick.yaml --out results
        crossfire run Experiments/quick.yaml --out results --dry-run
        crossfire run Experiments/quick.yaml --out results --steps 'model *'
        crossfire run Experiments/quick.yaml --out results --steps 'attack fgsm from normal'
      """)

  @Argument(
    help: ArgumentHelp("The experiment file.", valueName: "experiment.yaml"),
    completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(
    help: ArgumentHelp("The run folder; the experiment's name unless given.", valueName: "dir"))
  var out: String?

  @Flag(help: "Check everything, list the steps with about what they will take here, and do none.")
  var dryRun = false

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Do these steps only, named as --dry-run lists them; * stands for any text. Several processes may do steps in the same folder.",
      valueName: "step"))
  var steps: [String] = []

  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let experiment = try Experiment(URL(filePath: file))
    let folder = URL(filePath: out ?? experiment.name)
    let evaluator = Evaluator(batchSize: engine.batchSize)
    if dryRun {
      let estimates = try StepEstimates(
        experiment, folder: folder, device: device, evaluator: evaluator, progress: output.progress)
      return try output.show(estimates.all, estimates.text)
    }
    let chosen = steps.isEmpty ? nil : try experiment.steps(matching: steps)
    try runAndReport(
      experiment, steps: chosen, into: folder, device: device, evaluator: evaluator, output)
  }
}

extension StepEstimates {
  /// A line for each step, its work cut to the terminal's width, and the sum.
  fileprivate var text: String {
    let width = all.map(\.step.count).max() ?? 0
    let lines = all.map { estimate in
      let time =
        estimate.isDone
        ? "done" : estimate.seconds.map { "about " + ProgressDisplay.time($0) } ?? ""
      let room = max(20, 80 - width - time.count - 4)
      let work = estimate.work.count > room ? estimate.work.prefix(room - 1) + "…" : estimate.work
      return estimate.step.padded(to: width) + "  " + work.padded(to: room) + "  " + time
    }
    let sum = all.compactMap(\.seconds).reduce(0, +)
    return (lines + ["", "in all about \(ProgressDisplay.time(sum)) on this machine"]).joined(
      separator: "\n")
  }
}

/// What `run` and `transfer` do alike: the matrix, the pictures, the report, and what to say about
/// them.
func runAndReport(
  _ experiment: Experiment, steps: [ExperimentStep]? = nil, into url: URL, device: Device,
  evaluator: Evaluator,
  _ output: OutputOptions
) throws {
  let folder = try RunFolder(url, shared: steps != nil)
  let progress = output.progress
  let run = ExperimentRun(
    experiment, folder: folder, steps: steps, device: device, evaluator: evaluator,
    progress: progress)
  guard let (first, contestants) = try run.run() else { return }
  var grid = first
  if let plan = experiment.images {
    let outcome = try exportImages(plan, of: folder, contestants, progress)
    progress.note(
      "exported \(outcome.pictures) pictures to \(folder.images.path): \(outcome.foolingAsStored) of the "
        + "\(outcome.fooling) that fooled their source still do as 8-bit files")
    let flags = TrustEvidence(pictures: outcome.losses).flags()
    if !flags.isEmpty {
      grid = grid.flagged(flags)
      try grid.write(to: folder.url)
    }
  }
  let page = try writeReport(of: url, grid)
  try output.show(grid, summary(grid, page))
  // Last, so that a study that these examples cannot satisfy costs nothing else.
  if let design = experiment.study { try sampleStudy(design, of: folder, contestants, progress) }
}

/// Draws the experiment's study, unless somebody answered it already.
private func sampleStudy(
  _ design: StudyDesign, of folder: RunFolder, _ contestants: [Contestant],
  _ progress: ProgressDisplay
) throws {
  let study = StudyFolder(folder.study)
  guard !study.hasAnswers else { return progress.note("the study has answers and stays as it is") }
  let sets = try RunFolder.exampleSets(in: folder.url).map { try ExampleSet($0) }
  let outcome = try StudySampler(design, sets: sets, models: contestants).sample(
    into: study, progress: progress)
  progress.note(
    "drew a study: \(outcome.slots) lists of \(outcome.trialsEach) trials, \(outcome.pictures) pictures: \(study.url.path)"
  )
}

/// The pictures of some attacks' example sets of a run.
private func exportImages(
  _ plan: ImagePlan, of folder: RunFolder, _ contestants: [Contestant], _ progress: ProgressDisplay
) throws -> ImageSet.Outcome {
  let files = RunFolder.exampleSets(in: folder.url)
  let sets = try files.map { try ExampleSet($0) }.filter { plan.attacks.contains($0.origin.attack) }
  let total = sets.reduce(0) { $0 + $1.count * $1.origin.epsilons.count }
  var images = try ImageSet(folder.images, jpegQualities: plan.jpegQualities)
  var done = 0
  progress.begin("export pictures", total: total, unit: "pictures")
  for set in sets {
    let source = contestants.first {
      $0.name == set.origin.source && $0.fingerprint == set.origin.sourceFingerprint
    }
    try images.add(set, source: source?.classifier) {
      done += 1
      progress.update(done)
    }
  }
  progress.end(nil)
  return try images.finish()
}

/// Writes a run folder's report from what is stored in it.
/// - Returns: the page.
func writeReport(of folder: URL, _ grid: Grid) throws -> URL {
  try ReportFolder(of: folder, grid).write(to: folder.appending(path: "report"))
}

/// The three most telling numbers, and where to read on.
private func summary(_ grid: Grid, _ page: URL) -> String {
  let sentences = KeyNumbers(grid).sentences.prefix(3).map { "  • \($0)" }
  let names = Dictionary(grouping: grid.flags, by: \.name).sorted { $0.key < $1.key }
  let flags = names.map { name, flags in
    let models = Set(flags.compactMap { $0.victim ?? $0.source }).sorted().joined(separator: ", ")
    return "  ⚑ \(name)" + (models.isEmpty ? "" : ": \(models)")
  }
  return (sentences + flags + ["", "report: \(page.path)"]).joined(separator: "\n")
}
