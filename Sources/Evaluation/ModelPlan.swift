import Defenses
import ForeignModels
import Foundation
import ModelCore
import Support

/// How a model of an experiment comes to be: trained here, read from a file, another one of the
/// experiment again, or several of them together; and what its images go through first.
public struct ModelPlan: Sendable {
  public enum Origin: Sendable {
    case training(TrainingPlan)
    /// With what is said of it, where the file does not tell.
    case file(URL, ModelNotes)
    /// The weights of a model that stands before it.
    case model(String)
    /// The mean logits of models that stand before it.
    case ensemble([String])

    /// The models that have to stand before it.
    var needs: [String] {
      switch self {
      case .training, .file: []
      case .model(let name): [name]
      case .ensemble(let names): names
      }
    }
  }

  public let name: String
  public let origin: Origin
  /// Layers put before the network once it is trained: a defense at test time.
  public let transform: LayerList

  public init(name: String, origin: Origin, transform: LayerList = LayerList([any Layer]())) {
    self.name = name
    self.origin = origin
    self.transform = transform
  }

  init(name: String, _ settings: Settings) throws {
    self.name = name
    let texts = try settings.strings(
      "transform", default: [], "layers its images go through first, at test time")
    do { transform = try LayerList(texts) } catch let failure as Failure {
      throw Failure.badData(
        "\(settings.place(of: "transform")): \(failure.message)", hint: failure.hint)
    }
    if settings.has("file") {
      origin = .file(try settings.file("file", "a model file"), try ModelNotes(settings))
      try settings.finish("model \(name), which is read from a file,")
    } else if settings.has("model") {
      origin = .model(try settings.string("model", "a model before it, whose weights it has"))
      try settings.finish("model \(name), which has another one's weights,")
    } else if settings.has("ensemble") {
      let members = try settings.strings("ensemble", "models before it, whose mean logits it has")
      guard !members.isEmpty, transform.layers.isEmpty else {
        throw Failure.badData(
          "\(settings.place(of: "ensemble")): an ensemble has at least one model, and no transform of its own",
          hint: "give its models the transform")
      }
      origin = .ensemble(members)
      try settings.finish("model \(name), which is an ensemble,")
    } else {
      origin = .training(try TrainingPlan(settings))
      _ = settings.value("file", "a model file")
      _ = settings.value("model", "a model before it")
      _ = settings.value("ensemble", "models before it")
      try settings.finish("model \(name)")
    }
  }
}

/// Everything a training depends on but its data.
public struct TrainingPlan: Sendable {
  public let architecture: Architecture
  public let defense: DefenseSum
  public var settings: TrainingSettings

  public init(architecture: Architecture, defense: DefenseSum, settings: TrainingSettings) {
    self.architecture = architecture
    self.defense = defense
    self.settings = settings
  }

  public init(architecture: Architecture, defense: any Defense, settings: TrainingSettings) {
    self.init(architecture: architecture, defense: DefenseSum(defense), settings: settings)
  }

  /// Reads `architecture`, `defense`, `epochs`, `batchSize`, `optimizer`, `learningRate`,
  /// `schedule`, `validation`, `patience`, `keep`.
  public init(_ settings: Settings) throws {
    let architectures = Architecture.all.map(\.name)
    architecture = try Architecture.named(
      settings.choice("architecture", of: architectures, default: "cnn", "the kind of network"))
    defense = try Self.defense(settings)
    self.settings = TrainingSettings(
      epochs: try settings.int(
        "epochs", default: 4, in: 1...100_000, "passes over the training images"),
      batchSize: try settings.int("batchSize", default: 256, in: 2...65_536, "images per step"),
      optimizer: try Self.optimizer(settings),
      schedule: try LearningRateSchedule(
        named: settings.string("schedule", default: "constant", "of the learning rate")))
    try readValidation(settings)
  }

  private mutating func readValidation(_ given: Settings) throws {
    settings.validation = try given.int(
      "validation", default: 0, in: 0...10_000_000,
      "training images held out to watch the training by")
    settings.patience = try given.optionalInt(
      "patience", in: 1...100_000,
      "epochs without a better validation accuracy after which training stops")
    let kept = try given.choice(
      "keep", of: TrainingSettings.Kept.allCases.map(\.rawValue),
      default: TrainingSettings.Kept.last.rawValue,
      "the epoch whose weights are kept")
    settings.keep = TrainingSettings.Kept(rawValue: kept) ?? .last
    guard settings.validation > 0 || (settings.patience == nil && settings.keep == .last) else {
      let name = settings.patience == nil ? "keep" : "patience"
      throw Failure.badData(
        "\(given.place(of: name)): \(name) goes by the validation accuracy, and no images are held out",
        hint: "set validation, for example to 5000")
    }
  }

  private static func optimizer(_ settings: Settings) throws -> OptimizerRule {
    let kind = try settings.choice(
      "optimizer", of: ["adam", "adamw", "sgd"], default: "adam", "the optimizer")
    let rate = try settings.double(
      "learningRate", default: kind == "sgd" ? 0.1 : 1e-3, in: 1e-12...1e3, "the learning rate")
    let decay = try settings.double("weightDecay", default: 0, in: 0...1, "weight decay")
    if kind == "sgd" {
      return .sgd(
        rate: rate,
        momentum: try settings.double("momentum", default: 0.9, in: 0...0.9999, "momentum"),
        weightDecay: decay)
    }
    return .adam(
      rate: rate,
      beta1: try settings.double(
        "beta1", default: 0.9, in: 0...0.9999, "decay of the mean gradient"),
      beta2: try settings.double(
        "beta2", default: 0.999, in: 0...0.999999, "decay of the mean square"),
      epsilon: try settings.double(
        "adamEpsilon", default: 1e-4, in: 1e-12...1, "added to the root of the mean square"),
      weightDecay: decay, decoupled: kind == "adamw")
  }

  /// `defense: NAME`, `defense: { NAME: { settings } }`, or a list of these.
  private static func defense(_ settings: Settings) throws -> DefenseSum {
    guard
      let entry = settings.value(
        "defense", default: PlainTraining.name, "what it is trained against")
    else {
      return DefenseSum(PlainTraining())
    }
    return try DefenseSum(entry.value, place: entry.place)
  }

  /// One line: `cnn, 4 epochs`.
  public var text: String {
    "\(architecture.name), \(settings.epochs) epoch\(settings.epochs == 1 ? "" : "s")"
  }
}
