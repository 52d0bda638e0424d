import ArgumentParser
import Datasets
import Evaluation
import Explanations
import Foundation
import ImageSets
import ModelCore
import Support

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Explain a model's answers, and measure how far the explanations can be trusted.",
    discussion: """
      Writes, for each example and method, a picture in which orange features raise
      the explained score and blue ones lower it, a page that compares the methods,
      the features with the largest contributions, and all contributions as an .npz
      file. Prints and writes how much the methods agree, how stable they are, what
      happens if the features are removed in their order, and whether they change
      if the model's weights become random; see docs/explanations.md.

      EXAMPLES
        crossfire explain --model normal.safetensors --data mnist --count 20 \\
          --method gradient integrated-gradients:steps=100 --out why
        crossfire explain --model theirs.pt --data photos --method smoothgrad \\
          --method lime:samples=2000,patches=10 --out why
      """)

  @Option(help: ArgumentHelp(modelHelp, valueName: "model"))
  var model: String

  @Option(
    help: "The data set: a name or a path. Its test examples are explained unless :train follows.")
  var data: String

  @OptionGroup var choice: ImageChoice

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The methods, each NAME or NAME:setting=value,…; 'crossfire list explanations' shows them all.",
      valueName: "method"))
  var method: [String]

  @Option(
    help: ArgumentHelp("The number of features that are listed and compared.", valueName: "n"))
  var top = Number(10)

  @Option(
    help: ArgumentHelp(
      "Measure the trust in the explanations on the first N examples; 0 leaves it out.",
      valueName: "n"))
  var trust = Number(50)

  @Option(help: ArgumentHelp("Draw only the first N examples. (default: all)", valueName: "n"))
  var pictures: Number?

  @Option(help: "The seed that all random numbers derive from.")
  var seed = Number(1)

  @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"))
  var out: String

  @OptionGroup var existing: ReplaceOption
  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let (chosen, seed) = (try choice.numbers(), try seed.seed())
    let methods = try asUsage { try NamedExplanation.distinct(method.map(explanation)) }
    let top = try top.whole("--top", in: 1...10_000)
    let trusted = try trust.whole("--trust", in: 0...Int.max)
    let drawn = try pictures?.whole("--pictures", in: 0...Int.max) ?? .max
    let (reference, named) = (try DataReference(data), try NamedModel(model))
    let folder = URL(filePath: out)
    let table = folder.appending(path: ExplanationFolder.table)
    try ReplaceOption.check(folder, isNoneOf: [reference.path, named.url])
    try existing.check(table)
    try AtomicFile.probe(table)
    let all = try output.load(reference, .test)
    let background =
      all.shape.isPicture ? Background() : Background(rows: all.batch(0..<all.count).images)
    let images = try all.chosen(first: chosen.count, sample: chosen.sample, seed: seed) {
      output.progress.note($0)
    }
    for method in methods { try method.method.check(images.shape, background) }
    let loaded = try architecture.load(named, for: images, device: device)
    try Self.checkGradients(of: loaded.classifier, methods, model: named.name)
    let task = ExplanationTask(
      classifier: loaded.classifier, network: loaded.network, data: images, background: background,
      methods: methods, seed: seed, evaluator: try engine.evaluator(), progress: output.progress)
    let written = try ExplanationFolder(
      folder, methods: methods, data: images, top: top, pictures: drawn)
    let result = try task.run(into: written, top: top, trusted: trusted, model: named.name)
    try output.show(result, explanationText(result, out: out))
  }

  /// Reads `NAME` or `NAME:setting=value,…`.
  private func explanation(_ text: String) throws -> NamedExplanation {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard let name = parts.first else {
      throw Failure.usage(
        "--method: expected the name of a method, found nothing",
        hint: "known methods: " + ExplanationRegistry.names.joined(separator: ", "))
    }
    let place = "--method \(text)"
    let entries = try options(
      parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : [], place)
    return try NamedExplanation(name, Settings(entries, place: place))
  }

  /// Refuses methods that need gradients for a model that has none.
  private static func checkGradients(
    of classifier: any Classifier, _ methods: [NamedExplanation], model: String
  ) throws {
    guard let needy = methods.first(where: { $0.method.usesGradients }) else { return }
    let range = classifier.valueRange
    let input = Tensor.full(
      (range.lowerBound + range.upperBound) / 2, shape: [1] + classifier.inputShape.sizes,
      device: classifier.device)
    guard withGradients({ classifier.logits(input.tracked).isTracked }) else {
      throw Failure.badData(
        "model \(model): its logits have no gradients, and the method \(needy.name) needs them",
        hint: "use a method without gradients, such as occlusion or lime")
    }
  }
}
