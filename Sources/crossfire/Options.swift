import ArgumentParser
import Attacks
import Datasets
import Evaluation
import ForeignModels
import Foundation
import ModelCore
import Support

/// The options that say where, and with how many threads, to compute.
struct EngineOptions: ParsableArguments {
  @Option(
    help: "The device that computes: auto, cpu, cuda or cuda:N.",
    completion: .list(["auto", "cpu", "cuda"]))
  var device = "auto"

  @Option(
    help: ArgumentHelp(
      "The number of threads. (default: OMP_NUM_THREADS, or one per core that may be used)",
      valueName: "n"))
  var threads: Number?

  @Option(
    help: ArgumentHelp(
      "The number of images that are computed at once. (default: 256)", valueName: "n"))
  var batchSize: Number?

  /// The number of images that are computed at once unless the user says another.
  static let usualSize = 256
  /// Starts the engine and returns the device.
  /// - Throws: `Failure.usage` if a number is out of range or there is no such device.
  func start() throws -> Device {
    Engine.start(threads: try threadCount())
    return try Device(named: device)
  }

  /// The number of threads; nil if it is not given. All numbers are checked.
  func threadCount() throws -> Int? {
    _ = try evaluator()
    return try threads?.whole("--threads", in: 1...1024)
  }

  /// Evaluates as many images at once as the options say.
  /// - Throws: `Failure.usage` if the number is out of range.
  func evaluator() throws -> Evaluator {
    Evaluator(batchSize: try size() ?? Self.usualSize)
  }

  /// The same for gradients of examples of a shape: fewer at once if the examples are large.
  func evaluator(forGradientsOf shape: InputShape) throws -> Evaluator {
    guard let size = try size() else {
      return Evaluator(batchSize: Self.usualSize).forGradients(of: shape)
    }
    return Evaluator(batchSize: size)
  }

  private func size() throws -> Int? {
    try batchSize?.whole("--batch-size", in: 1...65_536)
  }
}

/// The options that say which of the images are used.
struct ImageChoice: ParsableArguments {
  @Option(help: ArgumentHelp("Use only the first N images.", valueName: "n"))
  var count: Number?

  @Option(
    help: ArgumentHelp(
      "Use N images that --seed draws from all classes, in the shares that the classes have.",
      valueName: "n"))
  var sample: Number?

  /// The two numbers, of which at most one is given.
  /// - Throws: `Failure.usage` if one is out of range or both are given.
  func numbers() throws -> (count: Int?, sample: Int?) {
    let numbers = (count: try count?.whole("--count"), sample: try sample?.whole("--sample"))
    guard numbers.count == nil || numbers.sample == nil else {
      throw Failure.usage(
        "--count and --sample cannot both be given",
        hint: "--count takes the first images, and --sample draws them from all classes")
    }
    return numbers
  }
}

/// The option of repeated judging.
struct JudgementOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Show each model every image N times, if it computes with random numbers: the results then "
        + "have the mean accuracy, its spread and the worst case. (default: 1)", valueName: "n"))
  var judgements: Number?

  /// - Throws: `Failure.usage` if the number is out of range.
  func count() throws -> Int {
    try judgements?.whole("--judgements", in: Experiment.judgementRange) ?? 1
  }

  /// The columns of a table for a terminal that several judgements add.
  static let columns = ["judgements", "mean", "deviation", "range", "worst"]

  /// The fields of a row in these columns.
  static func fields(_ judgements: Judgements) -> [String] {
    [
      "\(judgements.count)", judgements.mean.percent, judgements.standardDeviation.percent,
      judgements.range.percent, judgements.worst.percent,
    ]
  }
}

/// The options that say how results and progress are shown.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Write the results as one JSON document.")
  var json = false

  @Flag(help: "Show no progress.")
  var quiet = false

  var progress: ProgressDisplay { ProgressDisplay(quiet ? .quiet : .automatic) }

  /// Loads the split that the reference names, or else `split`. Shows the progress, and what was
  /// left out.
  func load(_ data: DataReference, _ split: Split) throws -> LabelledImages {
    try progress.loading(data.description) { try data.load(defaultSplit: split, progress: $0) }
  }

  /// Loads the training images of the data, whatever split the reference names.
  func loadTraining(_ data: DataReference) throws -> LabelledImages {
    try progress.loading(data.description) { try data.load(.train, progress: $0) }
  }

  /// Loads the validation images of the data, whatever split the reference names.
  func loadValidation(_ data: DataReference) throws -> LabelledImages {
    try progress.loading(data.description) { try data.load(.validation, progress: $0) }
  }

  /// Reads an experiment file and shows its notices, such as that a setting has a new name.
  func experiment(_ file: String) throws -> Experiment {
    let experiment = try Experiment(URL(filePath: file))
    show(notices: experiment.notices)
    return experiment
  }

  /// Shows what the user should know about the settings, each sentence on a line of its own.
  func show(notices: [String]) {
    for notice in notices { progress.note(notice) }
  }

  /// Writes a result to standard output: `document` with `--json`, and `text` otherwise.
  func show(_ document: some Encodable, _ text: @autoclosure () -> String) throws {
    guard json else { return try Console.write(text()) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try Console.write(document: String(decoding: try encoder.encode(document), as: UTF8.self))
  }
}

/// The help of `--model`.
private let modelText: String =
  "FILE or NAME=FILE, in safetensors, TorchScript, ONNX or as a PyTorch state dictionary. "
  + "What the file does not say follows after a colon, as in "
  + "theirs.pt:mean=0.5,std=0.2; see docs/models.md."
let modelHelp: String = "The model file: " + modelText
let modelsHelp: String = "The model files, each " + modelText

/// The help of `--epsilon`.
let budgetHelp: String =
  "The budgets in the unit of the data, for pictures of pixel values in [0, 1]: 0 0.1 8/255 or "
  + "0,0.1,8/255."

/// The help of `--target`.
let targetHelp: String =
  "The target class of a targeted attack: next, random, least-likely, all, or a label. Images that "
  + "have the label are not attacked."

/// The help of `--mask`.
let maskHelp: String =
  "The part of each example that the attack may change: nuisance (its mask is 1) or core (0). "
  + "(default: all of it)"

/// The architecture of model files that hold only weights.
struct ArchitectureOption: ParsableArguments {
  @Option(
    help: "The architecture of model files that hold only weights.",
    completion: .list(Architecture.all.map(\.name)))
  var architecture: String?

  func load(_ model: NamedModel, for data: LabelledImages?, device: Device) throws -> LoadedModel {
    var assumed = ModelNotes()
    assumed.architecture = try architecture.map { try Architecture.named($0).name }
    let loaded = try LoadedModel(
      model.url, notes: model.notes.over(assumed), for: data?.kind, device: device)
    for notice in loaded.notices { Console.report("crossfire: \(model.name): \(notice)\n") }
    if let data { try loaded.checkAccepts(data, model: model.name) }
    return loaded
  }
}

/// Reads `NAME` or `NAME:key=value,key=value` together with the budgets, the target and the mask.
func attackPlan(_ text: String, epsilons: [Double], target: String?, mask: String?) throws
  -> AttackPlan
{
  let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
  guard let name = parts.first else {
    throw Failure.usage(
      "--attack: expected the name of an attack, found nothing",
      hint: "known attacks: " + AttackRegistry.names.joined(separator: ", "))
  }
  var entries = try options(
    parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : [], "--attack \(text)")
  entries.append(
    .init(name: "epsilons", value: .list(epsilons.map { .scalar("\($0)") }), place: "--epsilon"))
  if let target { entries.append(.init(name: "target", value: .scalar(target), place: "--target")) }
  if let mask { entries.append(.init(name: "mask", value: .scalar(mask), place: "--mask")) }
  return try AttackPlan(name: name, Settings(entries, place: "--attack \(text)"))
}

/// Reads words of the form `name=value`.
func options(_ words: [String], _ place: String) throws -> [Settings.Entry] {
  try words.map { word in
    let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else {
      throw Failure.usage("\(place): expected name=value, found '\(word)'")
    }
    return Settings.Entry(name: parts[0], value: .scalar(parts[1]), place: place)
  }
}

/// Runs `body` and turns its `Failure.badData` into `Failure.usage`: a wrong setting on the command
/// line is wrong use of the command.
func asUsage<Result>(_ body: () throws -> Result) throws -> Result {
  do { return try body() } catch let failure as Failure where failure.kind == .badData {
    throw Failure.usage(failure.message, hint: failure.hint)
  }
}
