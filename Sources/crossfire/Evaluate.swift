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
    let lines = try models.map { model in
      let classifier = try architecture.load(model, for: images, device: device).classifier
      progress.begin("evaluate \(model.name)", total: images.count, unit: "images")
      let predictions = evaluator.predictions(of: classifier, on: images) { progress.update($0) }
      progress.end(nil)
      let correct = Int(predictions.equals(images.labels).to(.int64).sum().scalar)
      let interval = wilsonInterval(successes: correct, of: images.count)
      return Line(
        model: model.name, data: images.name, images: images.count, correct: correct,
        accuracy: Double(correct) / Double(images.count), ciLow: interval.lowerBound,
        ciHigh: interval.upperBound)
    }
    var table = TextTable(["model", "images", "correct", "accuracy", "95 % interval"])
    for line in lines {
      table.add([
        line.model, "\(line.images)", "\(line.correct)", line.accuracy.percent,
        "\(line.ciLow.percent) to \(line.ciHigh.percent)",
      ])
    }
    try output.show(lines, table.text)
  }
}
