import ArgumentParser
import Evaluation
import ForeignModels
import Foundation
import ImageSets
import ModelCore
import Reports
import Support

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write adversarial examples as PNG files, as NumPy arrays, or as a table.",
    discussion: """
      Rounding to 8 bits keeps the budget. With --model, the source model classifies
      the pictures again as they are stored, and the command says how many still
      fool it.

      EXAMPLES
        crossfire export fgsm.safetensors --model normal.safetensors --out pictures
        crossfire export fgsm.safetensors --model normal.safetensors \\
          --jpeg 95 75 50 --scale 8 --out pictures
        crossfire export fgsm.safetensors --npz fgsm.npz
        crossfire export results/predictions/fgsm.normal.safetensors --csv fgsm.csv
      """)

  @Argument(
    help: ArgumentHelp(
      "The example file, or, for --csv, a file of predictions in a run folder.",
      valueName: "examples.safetensors"), completion: .file())
  var examples: String

  @Option(
    help: ArgumentHelp("The folder for the pictures and manifest.csv.", valueName: "dir"),
    completion: .directory)
  var out: String?

  @Option(
    help: ArgumentHelp(
      "The NumPy file to write, with the arrays of the example file.", valueName: "file"),
    completion: .file())
  var npz: String?

  @Option(
    help: ArgumentHelp(
      "The table to write, with a row for each example, budget and victim.", valueName: "file"),
    completion: .file())
  var csv: String?

  @Option(
    help: "The model that the examples were made on; classifies the stored pictures again.",
    completion: .file())
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Enlarge each pixel to K x K without smoothing, for people to look at.", valueName: "k"))
  var scale = Number(1)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Count the pictures that still fool the source model after JPEG compression at these "
        + "qualities, such as 95 75 50. Needs --model.",
      valueName: "quality"))
  var jpeg: [Number] = []

  @OptionGroup var existing: ReplaceOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let folder: String
    let pictures: Int
    let fooling: Int
    let foolingAsStored: Int?
    let jpeg: [JPEGChannel.Line]
  }

  func run() throws {
    let device = try engine.start()
    let scale = try scale.whole("--scale", in: 1...64)
    let qualities = try jpeg.separated.map { try $0.whole("--jpeg", in: 1...100) }
    guard out != nil || npz != nil || csv != nil else {
      throw Failure.usage("nothing to write", hint: "give --out DIR, --npz FILE or --csv FILE")
    }
    let url = URL(filePath: examples)
    try checkOutputs(examples: url)
    if let csv { try AtomicFile.write(PredictionTable(url).csv, to: URL(filePath: csv)) }
    if let npz { try ExampleSet(url).writeNPZ(to: URL(filePath: npz)) }
    if let out {
      try exportPictures(to: out, scale: scale, qualities: qualities, device)
    } else {
      try Console.write([npz, csv].compactMap { $0 }.joined(separator: "\n"))
    }
  }

  /// Checks, before anything is written, that no output is an input or is there already.
  private func checkOutputs(examples url: URL) throws {
    let outputs = [
      ("--csv", csv.map { URL(filePath: $0) }), ("--npz", npz.map { URL(filePath: $0) }),
      ("--out", out.map { URL(filePath: $0).appending(path: "manifest.csv") }),
    ]
    let inputs = [url, try model.map { try NamedModel($0).url }]
    for case (let option, let place?) in outputs {
      try ReplaceOption.check(place, option, isNoneOf: inputs)
      try existing.check(place)
    }
  }

  private func exportPictures(to out: String, scale: Int, qualities: [Int], _ device: Device) throws
  {
    let set = try ExampleSet(URL(filePath: examples))
    try set.checkCanBeDrawn()
    try AtomicFile.probe(URL(filePath: out).appending(path: "manifest.csv"))
    let source = try model.map { try self.source($0, of: set, device) }
    let progress = output.progress
    guard qualities.isEmpty || source != nil else {
      throw Failure.usage(
        "--jpeg needs the model that the examples were made on", hint: "give it with --model")
    }
    var images = try ImageSet(URL(filePath: out), scale: scale, jpegQualities: qualities)
    var done = 0
    progress.begin(
      "export pictures", total: set.count * set.origin.epsilons.count, unit: "pictures")
    try images.add(set, source: source) {
      done += 1
      progress.update(done)
    }
    progress.end(nil)
    let outcome = try images.finish()
    let stored = source == nil ? nil : outcome.foolingAsStored
    let fate =
      stored.map { "; \($0) of these still fool it as 8-bit files" }
      ?? "; give --model to count those that still fool it as 8-bit files"
    try output.show(
      Result(
        folder: out, pictures: outcome.pictures, fooling: outcome.fooling, foolingAsStored: stored,
        jpeg: images.jpeg.lines),
      (["\(out): \(outcome.pictures) pictures, \(outcome.fooling) fooled the source model\(fate)"]
        + (images.jpeg.lines.isEmpty ? [] : [table(images.jpeg.lines)])).joined(separator: "\n"))
  }

  private func table(_ lines: [JPEGChannel.Line]) -> String {
    var table = TextTable(["epsilon", "JPEG quality", "fooling as stored", "still fooling"])
    for line in lines {
      table.add([
        line.epsilon.plainDecimal, "\(line.quality)", "\(line.fooling)", "\(line.stillFooling)",
      ])
    }
    return table.text
  }

  private func source(_ path: String, of set: ExampleSet, _ device: Device) throws -> any Classifier
  {
    let named = try NamedModel(path)
    let images = LoadedModel.Images(
      shape: InputShape(ofBatch: set.original.shape), classNames: set.origin.classNames,
      valueRange: set.origin.valueRange)
    let model = try LoadedModel(named.url, notes: named.notes, for: images, device: device)
    guard model.fingerprint == set.origin.sourceFingerprint else {
      throw Failure.badData(
        "\(path) is not the model that the examples in \(examples) were made on "
          + "(\(set.origin.source))",
        hint: "expected a model with the fingerprint \(set.origin.sourceFingerprint)")
    }
    return model.classifier
  }
}
