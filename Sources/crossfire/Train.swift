import ArgumentParser
import Datasets
import Defenses
import Evaluation
import Foundation
import ModelCore
import Support

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train one model and write it to a file.",
    discussion: """
      Writes a checkpoint after every epoch. After an interruption the same command
      continues from the checkpoint and ends with the same weights as a training
      that was never interrupted.

      EXAMPLES
        crossfire train --data mnist --architecture cnn --epochs 4 \\
          --out normal.safetensors
        crossfire train --data mnist --defense adversarial-training \\
          --defense-options epsilon=0.3 --epochs 4 --out adv.safetensors
        crossfire train --data mnist --epochs 50 --validation 5000 \\
          --patience 5 --keep best --out best.safetensors
        crossfire train --data mnist --epochs 10 --architecture small \\
          --defense fast-adversarial-training --schedule triangle:0.4 \\
          --learning-rate 0.005 --batch-size 100 --validation 1000 --keep best \\
          --initialization torch-default \\
          --robust-validation epsilon=0.3 steps=20 --out fast.safetensors
      """)

  @Option(
    help:
      "The data set: a name or a path. Its training images are used unless :test follows.",
    completion: .file())
  var data: String

  @Option(help: ArgumentHelp("Use only the first N training images.", valueName: "n"))
  var count: Number?

  @Option(
    help: "The architecture, such as 'mlp 50 30'; 'crossfire list architectures' shows them all.",
    completion: .list(Architecture.all.map(\.name)))
  var architecture = "cnn"

  @Option(
    help: ArgumentHelp(
      "The distribution of the weights before training: xavier-uniform, xavier-normal, "
        + "kaiming-uniform, kaiming-normal, torch-default or 'normal 0.1', where 0.1 is the standard "
        + "deviation of weights and biases. (default: that of the architecture)"))
  var initialization: String?

  @Option(
    help: "The defense to train with; 'crossfire list defenses' shows them all.",
    completion: .list(DefenseRegistry.names))
  var defense = PlainTraining.name

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Settings of the defense.", valueName: "name=value"))
  var defenseOptions: [String] = []

  @Option(help: "The number of passes over the training images.")
  var epochs: Number

  @Option(help: "The optimizer: adam, adamw or sgd.", completion: .list(["adam", "adamw", "sgd"]))
  var optimizer = "adam"

  @Option(help: "The learning rate. (default: 0.001; for sgd: 0.1)")
  var learningRate: Number?

  @Option(
    help: ArgumentHelp(
      "How the learning rate changes: constant, cosine, triangle, triangle:PEAK or "
        + "step:EPOCHS:FACTOR."))
  var schedule = "constant"

  @Option(
    help: ArgumentHelp(
      "Hold out N training images for validation; or data, for the data's own validation images.",
      valueName: "n"))
  var validation: Number?

  @Option(
    help: ArgumentHelp(
      "Stop after N epochs without a higher accuracy on the held-out images.", valueName: "n"))
  var patience: Number?

  @Option(
    help:
      "Keep the weights of the last epoch or of the best on the held-out images: last or best.",
    completion: .list(["last", "best"]))
  var keep: String?

  @Option(
    help: ArgumentHelp(
      "The accuracy on the held-out images by which --keep and --patience go: accuracy (of all "
        + "images) or worst-group (of the group where it is lowest)."))
  var by: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Attack the held-out images after each epoch: attack=NAME (default: pgd), epsilon=E, "
        + "mask=nuisance or mask=core, and the attack's settings. --keep and --patience then go by the accuracy under this attack.",
      valueName: "name=value"))
  var robustValidation: [String] = []

  @Option(help: "The weight decay of the optimizer. (default: 0)")
  var weightDecay: Number?

  @Option(
    help: ArgumentHelp(
      "The number that Adam and AdamW add to the root of the mean square of the gradient. "
        + "(default: 0.0001)", valueName: "epsilon"))
  var adamEpsilon: Number?

  @Option(help: "The seed that all random numbers derive from.")
  var seed = Number(1)

  @Option(
    help: ArgumentHelp("The model file to write.", valueName: "model.safetensors"),
    completion: .file())
  var out: String

  @OptionGroup var existing: ReplaceOption
  @OptionGroup var engine: EngineOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let device = try engine.start()
    let (count, seed) = (try count?.whole("--count"), try seed.seed())
    let plan = try asUsage {
      let given = try settings()
      let plan = try TrainingPlan(given)
      try given.finish("training with \(optimizer)")
      return plan
    }
    let reference = try DataReference(data)
    let url = URL(filePath: out)
    let sources = plan.defense.members.flatMap(\.defense.files)
    try ReplaceOption.check(url, isNoneOf: [reference.path] + sources)
    let all = try output.load(reference, .train)
    let training = try count.map { try all.first($0) } ?? all
    let test =
      try reference.split == nil && reference.hasParts ? output.load(reference, .test) : nil
    let validation =
      plan.settings.validation == .data
      ? try output.loadValidation(reference) : nil
    var seeded = plan
    seeded.settings.seed = seed
    let work = ModelTraining(
      name: url.deletingPathExtension().lastPathComponent, plan: seeded, training: training,
      test: test, validation: validation, device: device, progress: output.progress)
    try existing.check(url) { (try? ModelFile(url))?.training?.request == work.request }
    let made = try work.run(into: url)
    let accuracy = made.training?.testAccuracy.map { "  test accuracy \($0.percent)" } ?? ""
    let checks = try test.map { try self.checks(made.network, on: $0) }
    try output.show(
      Trained(training: made.training, flags: checks?.flags),
      (checks.map { $0.text + "\n\n" } ?? "") + "\(url.path)\(accuracy)")
  }

  /// The record of the training with the flags beside its keys.
  private struct Trained: Encodable {
    let training: TrainingRecord?
    let flags: [TrustFlag]?

    private enum Key: CodingKey { case flags }

    func encode(to encoder: any Encoder) throws {
      try training?.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encodeIfPresent(flags, forKey: .flags)
    }
  }

  /// The trust checks of the trained model on the test images.
  private func checks(_ network: Network, on test: LabelledImages) throws -> SingleChecks {
    let name = URL(filePath: out).deletingPathExtension().lastPathComponent
    let probe = ModelProbe(
      checking: try Contestant(name: name, network), on: test, seed: Seed(1),
      progress: output.progress)
    return SingleChecks(probes: [probe], classCount: test.classCount)
  }

  private func settings() throws -> Settings {
    let chosen = try Settings(
      options(defenseOptions, "--defense-options"), place: "--defense-options")
    let batchSize = engine.batchSize?.text ?? "\(EngineOptions.usualSize)"
    var entries: [Settings.Entry] = [
      .init(name: "architecture", value: .scalar(architecture), place: "--architecture"),
      .init(name: "epochs", value: .scalar(epochs.text), place: "--epochs"),
      .init(name: "batchSize", value: .scalar(batchSize), place: "--batch-size"),
      .init(name: "optimizer", value: .scalar(optimizer), place: "--optimizer"),
      .init(name: "schedule", value: .scalar(schedule), place: "--schedule"),
      .init(
        name: "defense",
        value: .map(
          try Settings(
            [.init(name: defense, value: .map(chosen), place: "--defense")], place: "--defense")),
        place: "--defense"),
    ]
    let optional: [(name: String, value: String?, place: String)] = [
      ("initialization", initialization, "--initialization"),
      ("learningRate", learningRate?.text, "--learning-rate"),
      ("weightDecay", weightDecay?.text, "--weight-decay"),
      ("validation", validation?.text, "--validation"),
      ("patience", patience?.text, "--patience"),
      ("adamEpsilon", adamEpsilon?.text, "--adam-epsilon"),
      ("keep", keep, "--keep"), ("by", by, "--by"),
    ]
    if !robustValidation.isEmpty {
      let place = "--robust-validation"
      let attack = try Settings(options(robustValidation, place), place: place)
      entries.append(.init(name: "robustValidation", value: .map(attack), place: place))
    }
    for option in optional {
      guard let value = option.value else { continue }
      entries.append(.init(name: option.name, value: .scalar(value), place: option.place))
    }
    return try Settings(entries, place: "the command line")
  }
}
