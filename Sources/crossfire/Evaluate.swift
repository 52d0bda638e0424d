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

      If the data have groups, it also prints the accuracy in each group, the mean
      over the groups, and the worst group. If they have masks, it prints the
      accuracy with Gaussian noise inside and outside of the masks, and the share of
      the large gradient components that are inside.

      EXAMPLE
        crossfire evaluate --model normal.safetensors adv.safetensors \\
          --data mnist
      """)

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp(modelsHelp, valueName: "model"),
    completion: .file())
  var model: [String]

  @Option(
    help:
      "The data set: a name or a path. Its test images are used unless :train follows.",
    completion: .file())
  var data: String

  @OptionGroup var choice: ImageChoice
  @OptionGroup var masks: MaskOptions

  @Option(help: "The seed that the images of --sample and the noise are drawn from.")
  var seed = Number(1)

  @OptionGroup var judging: JudgementOption
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
    /// nil if the images were judged once.
    let judgements: Judgements?
    /// nil if the data have no groups.
    let byGroup: GroupAccuracies?
    /// nil if the data have no masks.
    let reliance: MaskReliance?
  }

  func run() throws {
    let device = try engine.start()
    let (chosen, seed) = (try choice.numbers(), try seed.seed())
    let judgements = try judging.count()
    let (evaluator, plan) = (try engine.evaluator(), try masks.plan())
    let models = try NamedModel.all(model)
    let images = try output.load(DataReference(data), .test).chosen(
      first: chosen.count, sample: chosen.sample, seed: seed
    ) { output.progress.note($0) }
    try masks.check(images)
    let progress = output.progress
    var probes: [ModelProbe] = []
    let lines = try models.map { model in
      let contestant = Contestant(
        name: model.name, try architecture.load(model, for: images, device: device))
      progress.begin(
        "evaluate \(model.name)", total: judgements * images.count, unit: "images")
      let (predictions, judged) = evaluator.judgements(
        judgements, of: contestant.classifier, on: images
      ) { progress.update($0) }
      progress.end(nil)
      let probe = ModelProbe(
        checking: contestant, on: images, seed: Seed(1), progress: progress)
      probes.append(probe)
      let checks = SingleChecks(probes: [probe], classCount: images.classCount)
      let correct = Int(predictions.equals(images.labels).to(.int64).sum().scalar)
      let interval = wilsonInterval(successes: correct, of: images.count)
      progress.begin("masks and \(model.name)", total: images.count, unit: "images")
      let reliance = MaskReliance(
        of: contestant, on: images, plan: plan, seed: seed.derive("reliance"),
        evaluator: evaluator
      ) { progress.update($0) }
      progress.end(nil)
      return Line(
        model: model.name, data: images.name, images: images.count, correct: correct,
        accuracy: Double(correct) / Double(images.count), ciLow: interval.lowerBound,
        ciHigh: interval.upperBound, flags: checks.flags, notChecked: checks.notChecked,
        judgements: judged, byGroup: GroupAccuracies(predictions, on: images), reliance: reliance)
    }
    let checks = SingleChecks(probes: probes, classCount: images.classCount)
    let tables: [String?] = [
      checks.text, table(lines),
      groupTable(lines.compactMap { line in line.byGroup.map { (line.model, $0) } }),
      relianceTable(lines.compactMap(\.reliance)),
    ]
    try output.show(lines, tables.compactMap(\.self).joined(separator: "\n\n"))
  }

  private func table(_ lines: [Line]) -> String {
    let isRepeated = lines.contains { $0.judgements != nil }
    var table = TextTable(
      ["model", "images", "correct", "accuracy", "95 % interval"]
        + (isRepeated ? JudgementOption.columns : []))
    for line in lines {
      table.add(
        [
          line.model, "\(line.images)", "\(line.correct)", line.accuracy.percent,
          (line.ciLow...line.ciHigh).percent,
        ] + (line.judgements.map(JudgementOption.fields) ?? []))
    }
    return table.text
  }
}
