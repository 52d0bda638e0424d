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
    abstract: "Fire every model's adversarial examples at every model.",
    discussion: """
      Writes grid.csv, grid.json, predictions and a report into a folder:
      white-box accuracy where source and victim are the same model, black-box
      elsewhere.

      EXAMPLE
        crossfire transfer --model normal=a.safetensors adv=b.safetensors \\
          --data mnist --count 1000 --attack fgsm tgsm --epsilon 0 0.1 0.2 0.3 \\
          --out results
        crossfire transfer --model normal=a.safetensors \\
          theirs=b.pt:mean=0.1307,std=0.3081 --data pictures \\
          --attack fgsm --epsilon 0 0.1 --out results
      """)

  @Option(parsing: .upToNextOption, help: ArgumentHelp(modelsHelp, valueName: "model"))
  var model: [String]

  @Option(help: "A data set's name or a folder; its test images are attacked.")
  var data: String

  @Option(help: ArgumentHelp("Attack the first N images only.", valueName: "n"))
  var count: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Attacks, each NAME or NAME:option=value,….", valueName: "attack"))
  var attack: [String]

  @Option(parsing: .upToNextOption, help: "Budgets in pixel units: 0 0.1 0.2 or 0,0.1,0.2.")
  var epsilon: [String]

  @Option(help: "What targeted attacks aim at: next, random, least-likely, all, or a label.")
  var target: String?

  @Option(help: ArgumentHelp("Export the first N images' examples as PNG.", valueName: "n"))
  var images: Int?

  @Option(help: "Where all randomness derives from.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("The run folder to write.", valueName: "dir"))
  var out: String

  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let epsilons = try budgets(epsilon)
    let plans = try asUsage {
      try attack.map { text in
        let kind = try AttackRegistry.type(named: String(text.prefix { $0 != ":" }))
        return try attackPlan(
          text, epsilons: epsilons, target: kind.defaultGoal.isTargeted ? target : nil)
      }
    }
    if target != nil, !plans.contains(where: \.goal.isTargeted) {
      throw Failure.usage("--target \(target ?? ""): none of the attacks aims at a target")
    }
    let models = try NamedModel.all(model).map {
      ModelPlan(name: $0.name, origin: .file($0.url, $0.notes))
    }
    let experiment = Experiment(
      name: "transfer", seed: Seed(seed), data: DataPlan(try DataReference(data)), models: models,
      attacks: plans,
      examples: count, images: try images.map { try plan($0, plans) })
    let options = FinishedRun.Options(
      device: device, evaluator: Evaluator(batchSize: engine.batchSize), progress: output.progress)
    try experiment.runAndShow(into: URL(filePath: out), options, output)
  }

  private func plan(_ count: Int, _ attacks: [AttackPlan]) throws -> ImagePlan {
    guard count > 0 else { throw Failure.usage("--images \(count): expected at least 1") }
    return ImagePlan(attacks: attacks.map(\.name), count: count)
  }
}
