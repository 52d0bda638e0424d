import ArgumentParser
import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the accuracy of models on unchanged images.",
    discussion: """
      Prints each model's accuracy with its 95 % confidence interval (Wilson, 1927).
      Trust checks test each model on at most 256 images, and raise flags where the
      accuracy, or that of an attack on the model, may be misleading.

      EXAMPLE
        crossfire evaluate --model normal.safetensors adv.safetensors \\
          --data mnist
      """)

  @Option(parsing: .upToNextOption, help: ArgumentHelp(modelsHelp, valueName: "model"))
  var model: [String]

  @Option(
    help:
      "The data set: a name or a path. Its test images are used unless :train follows."
  )
  var data: String

  @OptionGroup var choice: ImageChoice

  @Option(help: "The seed that the images of --sample are drawn from.")
  var seed = Number(1)

  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  private struct Line: Encodable {
    let model: String
    let data: String
    let images: Int
    let correct: Int
    let accuracy: Double
    let ciLow: Double
    let ciHigh: Double
    let flags: [TrustFlag]
    let notChecked: [SingleChecks.Unmade]
  }

  func run() throws {
    let device = try engine.start()
    let (chosen, seed) = (try choice.numbers(), try seed.seed())
    let evaluator = try engine.evaluator()
    let models = try NamedModel.all(model)
    let images = try output.load(DataReference(data), .test).chosen(
      first: chosen.count, sample: chosen.sample, seed: seed
    ) { output.progress.note($0) }
    let progress = output.progress
    var probes: [ModelProbe] = []
    let lines = try models.map { model in
      let contestant = Contestant(
        name: model.name, try architecture.load(model, for: images, device: device))
      progress.begin("evaluate \(model.name)", total: images.count, unit: "images")
      let predictions = evaluator.predictions(of: contestant.classifier, on: images) {
        progress.update($0)
      }
      progress.end(nil)
      let probe = ModelProbe(
        checking: contestant, on: images, seed: Seed(1), progress: progress)
      probes.append(probe)
      let checks = SingleChecks(probes: [probe], classCount: images.classCount)
      let correct = Int(predictions.equals(images.labels).to(.int64).sum().scalar)
      let interval = wilsonInterval(successes: correct, of: images.count)
      return Line(
        model: model.name, data: images.name, images: images.count, correct: correct,
        accuracy: Double(correct) / Double(images.count), ciLow: interval.lowerBound,
        ciHigh: interval.upperBound, flags: checks.flags, notChecked: checks.notChecked)
    }
    var table = TextTable(["model", "images", "correct", "accuracy", "95 % interval"])
    for line in lines {
      table.add([
        line.model, "\(line.images)", "\(line.correct)", line.accuracy.percent,
        "\(line.ciLow.percent) to \(line.ciHigh.percent)",
      ])
    }
    let checks = SingleChecks(probes: probes, classCount: images.classCount)
    try output.show(lines, checks.text + "\n\n" + table.text)
  }
}
