import ArgumentParser
import Evaluation
import Foundation
import ModelCore
import Support

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what a model, an example set or a run folder holds.",
    discussion: """
      EXAMPLES
        crossfire inspect normal.safetensors
        crossfire inspect results
      """)

  @Argument(help: ArgumentHelp("A file or folder.", valueName: "path"))
  var path: String

  @OptionGroup var output: OutputOptions

  func run() throws {
    Engine.start()
    let url = URL(filePath: path)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw Failure.missing("\(path) is not there")
    }
    if isFolder.boolValue { return try showRun(url) }
    let file = try SafetensorsFile(url)
    if file.contains("original") { return try showExamples(url) }
    return try showModel(url, file)
  }

  private func showModel(_ url: URL, _ file: SafetensorsFile) throws {
    struct Document: Encodable {
      let model: NetworkDescription
      let training: TrainingRecord?
      let parameters: Int
      let fingerprint: String
    }
    let model = try ModelFile(url)
    let description = model.network.description
    let count = model.network.learned.reduce(0) { $0 + $1.count }
    var lines = [
      "model with \(count) parameters, images \(description.input), \(description.classNames.count) classes, pixels \(description.valueRange.lowerBound) to \(description.valueRange.upperBound)",
      "fingerprint \(model.network.fingerprint)", "",
    ]
    lines += description.layers.texts.enumerated().map { "  \("\($0.offset)".padded(to: 3)) \($0.element)" }
    if let training = model.training {
      lines += [
        "", "trained on \(training.data), \(training.epochs) epochs, seed \(training.seed), \(training.defense)",
        "accuracy in training \(training.trainingAccuracy.percent)"
          + (training.testAccuracy.map { ", on test images \($0.percent)" } ?? ""),
        "crossfire \(training.crossfire), libtorch \(training.libtorch), \(training.device), \(training.threads) threads",
      ]
    }
    let document = Document(
      model: description, training: model.training, parameters: count, fingerprint: model.network.fingerprint)
    try output.show(document, lines.joined(separator: "\n"))
  }

  private func showExamples(_ url: URL) throws {
    let set = try ExampleSet(url)
    let origin = set.origin
    let lines = [
      "\(set.count) adversarial examples of \(origin.data): \(origin.attack) on \(origin.source), seed \(origin.seed)",
      "budgets (\(origin.norm)): " + origin.epsilons.map(\.plainDecimal).joined(separator: ", "),
      "source's fingerprint \(origin.sourceFingerprint)",
    ]
    try output.show(origin, lines.joined(separator: "\n"))
  }

  private func showRun(_ url: URL) throws {
    let grid = try Grid.read(url.appending(path: "grid.json"))
    let source = grid.provenance
    let lines = [
      "run '\(source.experiment)': \(grid.cells.count) cells, \(source.examples) images of \(source.data), seed \(source.seed)",
      "models: " + grid.models.joined(separator: ", "),
      "attacks: "
        + grid.attacks.map { "\($0) at \(grid.epsilons(for: $0).map(\.plainDecimal).joined(separator: ", "))" }.joined(
          separator: "; "),
      "crossfire \(source.crossfire), libtorch \(source.libtorch), \(source.device), \(source.threads) threads",
    ]
    try output.show(grid, lines.joined(separator: "\n"))
  }
}
