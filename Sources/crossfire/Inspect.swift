import ArgumentParser
import Datasets
import Evaluation
import ForeignModels
import Foundation
import ModelCore
import Support

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe a model, an example set or a run folder.",
    discussion: """
      With --data, a model is also tested for what would invalidate an evaluation:
      its accuracy on unchanged images, the order of its classes, probabilities in
      place of logits, outputs that change between evaluations, gradients that
      vanish or that the outputs do not follow, a usual normalisation that is
      missing, and attacks without gradients that beat one with gradients. With
      --deep, the attacks of these tests get more images, steps, queries and
      budgets, which can take minutes.

      EXAMPLES
        crossfire inspect normal.safetensors
        crossfire inspect theirs.pt:mean=0.1307,std=0.3081 --data mnist
        crossfire inspect theirs.pt:mean=0.1307,std=0.3081 --data mnist --deep
        crossfire inspect results
      """)

  @Argument(
    help: ArgumentHelp(
      "A run folder, a file of examples, or a model (a file or a folder), which settings can follow "
        + "after a colon.", valueName: "path"), completion: .file())
  var path: String

  @Option(help: "A data set's name or path, to test the model on its images.", completion: .file())
  var data: String?

  @Flag(help: "Spend more on the attacks of the tests (needs --data).")
  var deep = false

  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    guard !deep || data != nil else {
      throw Failure.usage("--deep tests a model on images", hint: "add --data with a data set")
    }
    let device = try engine.start()
    let model = try NamedModel(path)
    let url = model.url
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw Failure.unreadable(url)
    }
    if isFolder.boolValue, !LoadedModel.isFolder(url) { return try showRun(url) }
    if let file = try? SafetensorsFile(url), file.contains("original") {
      return try showExamples(url)
    }
    try showModel(model, device)
  }

  private struct ModelDocument: Encodable {
    let format: String
    let input: String
    let classes: Int
    let classNames: [String]?
    let valueRange: ClosedRange<Double>
    let before: [String]
    let batchSize: Int?
    let model: NetworkDescription?
    let training: TrainingRecord?
    let parameters: Int
    let fingerprint: String
    let notices: [String]
    let advice: String?
    var checks: [Check]?
    var slopes: GradientSlopes?
    var contests: [AttackContest]?
  }

  private struct Check: Encodable {
    let name: String
    let passed: Bool
    /// What holds because no flag was raised; nil if the check says nothing about the model.
    let holds: String?
    let found: String?
    let advice: String?
  }

  private func showModel(_ named: NamedModel, _ device: Device) throws {
    let images = try data.map { try output.load(DataReference($0), .test) }
    let model = try architecture.load(named, for: images, device: device)
    let classifier = model.classifier
    let program = classifier as? ForeignModel
    let before = program?.before.texts ?? []
    var document = ModelDocument(
      format: model.format.rawValue, input: "\(classifier.inputShape)",
      classes: classifier.classCount,
      classNames: model.classNames, valueRange: classifier.valueRange, before: before,
      batchSize: program?.batchSize, model: model.network?.description, training: model.training,
      parameters: model.parameters,
      fingerprint: model.fingerprint, notices: model.notices, advice: model.advice)
    let range = classifier.valueRange
    var lines = [
      "\(model.format.rawValue) with \(model.parameters) parameters, "
        + "input \(classifier.inputShape), \(classifier.classCount) classes, "
        + "values from \(range.lowerBound.plainDecimal) to \(range.upperBound.plainDecimal)",
      "fingerprint \(model.fingerprint)", "",
    ]
    let steps =
      model.network?.description.layers.texts ?? before + ["\(model.format.rawValue) graph"]
    lines += steps.enumerated().map { "  \("\($0.offset)".padded(to: 3)) \($0.element)" }
    if let size = program?.batchSize {
      lines.append(
        "      runs on \(size) image\(size == 1 ? "" : "s") at a time, as it was exported")
    }
    lines += model.advice.map { ["", $0] } ?? []
    if let training = model.training {
      lines += [
        "",
        "trained on \(training.data), \(training.epochs) epochs, seed \(training.seed), "
          + training.defense,
        "accuracy during training \(training.trainingAccuracy?.percent ?? "not measured")"
          + (training.testAccuracy.map { ", on test images \($0.percent)" } ?? "")
          + (training.robustAccuracy.map { ", under attack on held-out images \($0.percent)" }
            ?? ""),
        "computed by \(training.computation.words)",
      ]
      lines += training.notices ?? []
    }
    if let images {
      let probe = probe(named.name, model, images)
      let checks = checks(probe, images)
      (document.checks, document.slopes, document.contests) = (checks, probe.slopes, probe.contests)
      lines += self.lines(probe, checks, images)
    }
    try output.show(document, lines.joined(separator: "\n"))
  }

  private func probe(_ name: String, _ model: LoadedModel, _ images: LabelledImages) -> ModelProbe {
    ModelProbe(
      checking: Contestant(name: name, model), on: images, seed: Seed(1),
      effort: deep ? .deep : .quick, progress: output.progress)
  }

  /// The checks that a model must pass before its evaluation means anything, each with its result.
  private func checks(_ probe: ModelProbe, _ images: LabelledImages) -> [Check] {
    let flags = probe.findings(classCount: images.classCount).map(\.flag)
    return ModelProbe.loadingChecks.map { check in
      let flag = flags.first { $0.name == check.name }
      return Check(
        name: check.name, passed: flag == nil,
        holds: flag == nil ? probe.holds(check, classCount: images.classCount) : nil,
        found: flag?.raisedBecause, advice: flag?.advice)
    }
  }

  /// What was measured and what the checks found, as lines for a terminal.
  private func lines(
    _ probe: ModelProbe, _ checks: [Check], _ images: LabelledImages
  ) -> [String] {
    let right = probe.right.count(where: \.self)
    var lines = [
      "",
      "classifies \(right) of the first \(probe.right.count) images of \(images.name) correctly",
    ]
    if let slopes = probe.slopes { lines.append(slopes.text(probe.model)) }
    lines += probe.contests.map { $0.text(probe.model) }
    for check in checks {
      if let found = check.found, let advice = check.advice {
        lines += ["  ⚑ \(check.name)"] + wrapped("\(found) \(advice)", indent: 6)
      } else {
        lines.append(
          check.holds.map { "  ✓ \($0)" }
            ?? "  – not checked, because the model is random or not above chance: \(check.name)")
      }
    }
    return lines
  }

  private func showExamples(_ url: URL) throws {
    let set = try ExampleSet(url)
    let origin = set.origin
    let lines = [
      "\(set.count) adversarial examples of \(origin.data): \(origin.attack) on \(origin.source), "
        + "seed \(origin.seed)",
      "budgets (\(origin.norm)): " + origin.epsilons.map(\.plainDecimal).joined(separator: ", "),
      "fingerprint of the source model \(origin.sourceFingerprint)",
    ]
    try output.show(origin, lines.joined(separator: "\n"))
  }

  private func showRun(_ url: URL) throws {
    let grid = try Grid.read(url.appending(path: "grid.json"))
    let source = grid.provenance
    let lines = [
      "run '\(source.experiment)': \(grid.cells.count) cells, \(source.examples) images of "
        + "\(source.data), seed \(source.seed)",
      "models: " + grid.models.joined(separator: ", "),
      "attacks: "
        + grid.attacks.map {
          "\($0) at \(grid.epsilons(for: $0).map(\.plainDecimal).joined(separator: ", "))"
        }.joined(
          separator: "; "),
      source.computedBy,
    ]
    try output.show(grid, lines.joined(separator: "\n"))
  }
}
