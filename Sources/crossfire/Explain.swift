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
        crossfire explain --model theirs.pt --data photos --class cat --method gradient \\
          --out why-cat
      """)

  @Option(help: ArgumentHelp(modelHelp, valueName: "model"), completion: .file())
  var model: String

  @Option(
    help: "The data set: a name or a path. Its test examples are explained unless :train follows.",
    completion: .file())
  var data: String

  @OptionGroup var choice: ImageChoice

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The methods, each NAME or NAME:setting=value,…; 'crossfire list explanations' shows them all.",
      valueName: "method"), completion: .list(ExplanationRegistry.names))
  var method: [String]

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "Explain this class, by its name or its number, in place of the predicted one of each example.",
      valueName: "class"))
  var explained: String?

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

  @Option(help: ArgumentHelp("The folder to write.", valueName: "dir"), completion: .directory)
  var out: String

  @OptionGroup var existing: ReplaceOption
  @OptionGroup var architecture: ArchitectureOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let (chosen, seed) = (try choice.numbers(), try seed.seed())
    let methods = try asUsage {
      try NamedExplanation.distinct(
        method.map { try NamedExplanation(written: $0, place: "--method") })
    }
    if explained != nil { try ExplainedClass.check(methods, place: "--class") }
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
    let explainedClass = try explained.map {
      try ExplainedClass.number($0, among: all.classNames, of: all.name, place: "--class")
    }
    let background = Background(of: all)
    let images = try all.chosen(first: chosen.count, sample: chosen.sample, seed: seed) {
      output.progress.note($0)
    }
    let loaded = try architecture.load(named, for: images, device: device)
    let pass = ExplanationPass(
      classifier: loaded.classifier, network: loaded.network, data: images,
      background: background, methods: methods, explainedClass: explainedClass, seed: seed,
      evaluator: try engine.evaluator(forGradientsOf: images.shape), top: top, trusted: trusted)
    try pass.check(model: named.name)
    let written = try ExplanationFolder(
      folder, methods: methods, data: images, top: top, pictures: drawn)
    let result = try ExplanationTask(pass: pass, progress: output.progress).run(
      into: written, model: named.name)
    try output.show(result, explanationText(result, out: out))
  }
}
