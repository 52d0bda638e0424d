import ArgumentParser
import Evaluation
import Foundation
import ModelCore
import Support

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the steps of an experiment, what each needs, and which are done.",
    discussion: """
      Every step can be done by a process of its own with crossfire run --steps, on any
      machine that sees the run folder, once the steps that it needs are done. With --json
      the list is made for programs that start these processes (docs/clusters.md).
      Nothing is computed, and neither data nor models are opened, unless --estimate is
      given.

      EXAMPLES
        crossfire plan Experiments/quick.yaml
        crossfire plan Experiments/quick.yaml --out results --parts 8 --json
        crossfire plan Experiments/quick.yaml --out results --estimate
      """)

  @Argument(
    help: ArgumentHelp("The experiment file.", valueName: "experiment.yaml"),
    completion: .file(extensions: ["yaml"]))
  var file: String

  @Option(
    help: ArgumentHelp("The run folder (default: the experiment's name).", valueName: "dir"),
    completion: .directory)
  var out: String?

  @OptionGroup var division: PartsOption

  @Flag(help: "Estimate how long each step takes on this machine, by running a small part of it.")
  var estimate = false

  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let parts = try division.count ?? 1
    _ = try engine.threadCount()
    let experiment = try output.experiment(file)
    let folder = URL(filePath: out ?? experiment.name)
    let plan = try RunPlan(experiment, folder: folder, parts: parts)
    let estimates =
      estimate
      ? try StepEstimates(
        experiment, folder: folder, device: engine.start(), evaluator: engine.evaluator(),
        progress: output.progress
      ).all : nil
    let steps = PlannedSteps(plan, estimates)
    try output.show(steps, steps.text)
  }
}

/// The option that divides attacks into parts.
struct PartsOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Divide each attack into N parts, which different processes can compute. (default: 1)",
      valueName: "n"))
  var parts: Number?

  /// The number of parts; nil if it is not given.
  var count: Int? {
    get throws { try parts?.whole("--parts", in: 1...AttackPart.most) }
  }
}
