import ArgumentParser
import Attacks
import Datasets
import Evaluation
import Foundation
import ModelCore
import Reports
import Support

struct Transfer: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show every model's adversarial examples to every model.",
    discussion: """
      Attacks every model and measures the accuracy of every model on the examples.
      Where the examples were made on the same model the accuracy is white-box,
      elsewhere it is black-box. Writes grid.csv, grid.json, the predictions and a
      report into a run folder.

      EXAMPLES
        crossfire transfer --model normal=a.safetensors adv=b.safetensors \\
          --data mnist --count 1000 --attack fgsm tgsm --epsilon 0 0.1 0.2 0.3 \\
          --out results
        crossfire transfer --model normal=a.safetensors \\
          theirs=b.pt:mean=0.1307,std=0.3081 --data pictures \\
          --attack fgsm --epsilon 0 0.1 --out results
      """)

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp(modelsHelp, valueName: "model"),
    completion: .file())
  var model: [String]

  @Option(
    help: "The data set: a name or a path. Its test images are attacked.", completion: .file())
  var data: String

  @OptionGroup var choice: ImageChoice

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The attacks, each NAME or NAME:setting=value,…; 'crossfire list attacks' shows them all.",
      valueName: "attack"), completion: .list(AttackRegistry.names))
  var attack: [String]

  @Option(
    name: [.long, .customLong("eps")], parsing: .upToNextOption, help: ArgumentHelp(budgetHelp))
  var epsilon: [Number]

  @Option(
    help: ArgumentHelp(targetHelp), completion: .list(["next", "random", "least-likely", "all"]))
  var target: String?

  @Option(help: ArgumentHelp(maskHelp), completion: .list(["nuisance", "core"]))
  var mask: String?

  @Option(
    help: ArgumentHelp("Write the examples of the first N images as PNG files.", valueName: "n"))
  var images: Number?

  @Option(help: "The seed that all random numbers derive from.")
  var seed = Number(1)

  @Option(help: ArgumentHelp("The run folder to write.", valueName: "dir"), completion: .directory)
  var out: String

  @OptionGroup var judging: JudgementOption
  @OptionGroup var existing: ReplaceOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let (chosen, seed) = (try choice.numbers(), try seed.seed())
    let images = try images?.whole("--images", in: 1...1_000_000)
    let epsilons = try budgets(epsilon)
    let plans = try asUsage {
      try attack.map { text in
        let kind = try AttackRegistry.type(named: String(text.prefix { $0 != ":" }))
        return try attackPlan(
          text, epsilons: epsilons, target: kind.defaultGoal.isTargeted ? target : nil, mask: mask)
      }
    }
    if target != nil, !plans.contains(where: \.goal.isTargeted) {
      let targeted = AttackRegistry.all.filter { $0.defaultGoal.isTargeted }.map { $0.name }
      throw Failure.usage(
        "--target \(target ?? ""): none of the given attacks is targeted",
        hint: "leave out --target, or give a targeted attack: "
          + targeted.joined(separator: ", "))
    }
    let models = try NamedModel.all(model).map {
      ModelPlan(name: $0.name, origin: .file($0.url, $0.notes))
    }
    let experiment = Experiment(
      name: "transfer", seed: seed, data: DataPlan(try DataReference(data)), models: models,
      attacks: plans,
      count: chosen.count, sample: chosen.sample,
      images: images.map { ImagePlan(attacks: plans.map(\.name), count: $0) },
      judgements: try judging.count())
    output.show(notices: experiment.notices)
    let options = try FinishedRun.Options(
      device: device, evaluator: engine.evaluator(), progress: output.progress)
    try experiment.runAndShow(into: URL(filePath: out), from: nil, options, output, existing)
  }
}
