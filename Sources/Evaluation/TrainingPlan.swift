import Defenses
import Foundation
import ModelCore
import Support

/// Everything that a training depends on except its data.
public struct TrainingPlan: Configurable {
  public var architecture: Architecture
  /// The distribution of the weights before training; nil for that of the architecture.
  public var initialization: Initialization?
  public var defense: DefenseSum
  public var settings: TrainingSettings

  public init(architecture: Architecture, defense: DefenseSum, settings: TrainingSettings) {
    self.architecture = architecture
    self.defense = defense
    self.settings = settings
  }

  public init(architecture: Architecture, defense: any Defense, settings: TrainingSettings) {
    self.init(architecture: architecture, defense: DefenseSum(defense), settings: settings)
  }

  /// All settings except `defense`, which is a name, a mapping, or a list of these, and
  /// `robustValidation`, which is a mapping.
  public static let settings: [Setting<TrainingPlan>] = [
    Setting { plan, given in
      let known = Architecture.all.map(\.name)
      plan.architecture = try Architecture.named(
        given.choice(
          "architecture", of: known, default: plan.architecture.name, "the architecture",
          orIf: Architecture.isKnown))
    } values: {
      [("architecture", $0.architecture.name)]
    },
    Setting { plan, given in
      let known = Initialization.allCases.map(\.rawValue)
      let own = plan.architecture.initialization
      let chosen = try given.choice(
        "initialization", of: known, default: (plan.initialization ?? own).rawValue,
        "distribution of the weights before training",
        orIf: { Initialization(rawValue: $0) != nil })
      plan.initialization = Initialization(rawValue: chosen)
    } values: {
      [("initialization", ($0.initialization ?? $0.architecture.initialization).rawValue)]
    },
    .int("epochs", \.settings.epochs, in: 1...100_000, "passes over the training images"),
    .int("batchSize", \.settings.batchSize, in: 2...65_536, "images per step"),
    .optimizer,
    Setting { plan, given in
      plan.settings.schedule = try LearningRateSchedule(
        named: given.string(
          "schedule", default: plan.settings.schedule.description,
          "how the learning rate changes"))
    } values: {
      [("schedule", $0.settings.schedule.description)]
    },
    .validation,
    .optionalInt(
      "patience", \.settings.patience, in: 1...100_000,
      "epochs without a higher accuracy on the held-out images after which training stops"),
    .choice("keep", \.settings.keep, "the epoch whose weights are kept"),
    .criterion,
    .optionalInt(
      "annotated", \.settings.annotated.count, in: 1...Int.max,
      "the first training images, which alone keep their masks"),
    .bool(
      "alwaysInclude", \.settings.annotated.alwaysInclude,
      "whether every step includes the images that keep their masks"),
  ]

  /// Reads the settings and `defense`.
  /// - Throws: `Failure.badData` with the place of a setting that is unknown or wrong.
  public init(_ given: Settings) throws {
    self.init(
      architecture: try Architecture.named("cnn"), defense: DefenseSum(PlainTraining()),
      settings: TrainingSettings(epochs: 4))
    try read(given)
    let defense = given.value("defense", default: PlainTraining.name, "the defense")
    if let defense { self.defense = try DefenseSum(defense.value, place: defense.place) }
    if let watch = try given.map("robustValidation", "the attack on the held-out images") {
      var robust = RobustValidation()
      try robust.read(watch)
      try watch.finish("robustValidation")
      self.settings.robustValidation = robust
    }
    try checkValidation(given)
    try checkWarmup(given)
    try checkAnnotated(given)
  }

  private func checkWarmup(_ given: Settings) throws {
    let parameters = defense.members.flatMap { $0.defense.parameters }
    for (name, value) in parameters where name == "warmup" {
      guard let epochs = Double(value), epochs >= Double(settings.epochs) else { continue }
      throw Failure.badData(
        "\(given.place(of: "defense")): warmup: expected less than the \(settings.epochs) epochs "
          + "of the training, found \(value), so the budget would never reach epsilon",
        hint: "use more epochs or a shorter warm-up")
    }
  }

  private func checkAnnotated(_ given: Settings) throws {
    guard settings.annotated.alwaysInclude, settings.annotated.count == nil else { return }
    throw Failure.badData(
      "\(given.place(of: "alwaysInclude")): alwaysInclude needs the number of images that keep "
        + "their masks", hint: "set annotated, for example to 50")
  }

  private func checkValidation(_ given: Settings) throws {
    guard !settings.validation.areThere else { return }
    let asked = [
      ("patience", settings.patience != nil), ("keep", settings.keep == .best),
      ("robustValidation", settings.robustValidation != nil),
      ("by", settings.criterion != .accuracy),
    ]
    if let name = asked.first(where: \.1)?.0 {
      throw Failure.badData(
        "\(given.place(of: name)): \(name) needs the accuracy on held-out images, and no images "
          + "are held out",
        hint: "set validation, for example to 5000, or to data for the data's validation images")
    }
  }

  /// The plan in one line: `cnn, 4 epochs`.
  public var text: String {
    "\(architecture.name), \(settings.epochs) epoch\(settings.epochs == 1 ? "" : "s")"
  }
}

extension Setting where Root == TrainingPlan {
  /// How many training images are held out, or `data` for the data's own validation images.
  fileprivate static var validation: Setting {
    Setting { plan, given in
      let meaning =
        "training images held out for validation, or 'data' for the data's validation images"
      if case .scalar(ValidationImages.data.description)? = given.value("validation", meaning)?
        .value
      {
        plan.settings.validation = .data
        return
      }
      plan.settings.validation = .heldOut(
        try given.int(
          "validation", default: plan.settings.validation.heldOutCount, in: 0...10_000_000, meaning)
      )
    } values: {
      [("validation", $0.settings.validation.description)]
    }
  }

  /// The accuracy by which epochs are compared. It is written only if it is not the usual one.
  fileprivate static var criterion: Setting {
    Setting { plan, given in
      let name = try given.choice(
        "by", of: ValidationCriterion.allCases.map(\.rawValue),
        default: plan.settings.criterion.rawValue,
        "the accuracy on the held-out images by which patience and keep compare epochs")
      plan.settings.criterion = ValidationCriterion(rawValue: name) ?? plan.settings.criterion
    } values: {
      $0.settings.criterion == .accuracy ? [] : [("by", $0.settings.criterion.rawValue)]
    }
  }

  /// The optimizer's name and its numbers. Their defaults are those of `OptimizerRule`.
  fileprivate static var optimizer: Setting {
    Setting { plan, given in
      let kind = try given.choice(
        "optimizer", of: ["adam", "adamw", "sgd"], default: plan.settings.optimizer.name,
        "the optimizer")
      plan.settings.optimizer =
        kind == "sgd" ? try given.sgd() : try given.adam(decoupled: kind == "adamw")
    } values: { plan in
      switch plan.settings.optimizer {
      case .adam(let rate, let beta1, let beta2, let epsilon, let decay, _):
        [
          ("optimizer", plan.settings.optimizer.name), ("learningRate", "\(rate)"),
          ("beta1", "\(beta1)"), ("beta2", "\(beta2)"), ("adamEpsilon", "\(epsilon)"),
          ("weightDecay", "\(decay)"),
        ]
      case .sgd(let rate, let momentum, let decay, _):
        [
          ("optimizer", plan.settings.optimizer.name), ("learningRate", "\(rate)"),
          ("momentum", "\(momentum)"), ("weightDecay", "\(decay)"),
        ]
      }
    }
  }
}

extension OptimizerRule {
  /// SGD with the default numbers of a plan.
  fileprivate static let usualSGD = OptimizerRule.sgd(rate: 0.1, momentum: 0.9)

  fileprivate var name: String {
    switch self {
    case .adam(_, _, _, _, _, let decoupled): decoupled ? "adamw" : "adam"
    case .sgd: "sgd"
    }
  }
}

extension Settings {
  private func rate(_ usual: Double) throws -> Double {
    try double("learningRate", default: usual, in: 1e-12...1e3, "the learning rate")
  }

  private func decay(_ usual: Double) throws -> Double {
    try double("weightDecay", default: usual, in: 0...1, "weight decay")
  }

  fileprivate func sgd() throws -> OptimizerRule {
    guard case .sgd(let rate, let momentum, let decay, _) = OptimizerRule.usualSGD else {
      preconditionFailure("not SGD")
    }
    return .sgd(
      rate: try self.rate(rate),
      momentum: try double("momentum", default: momentum, in: 0...0.9999, "momentum"),
      weightDecay: try self.decay(decay))
  }

  fileprivate func adam(decoupled: Bool) throws -> OptimizerRule {
    guard
      case .adam(let rate, let beta1, let beta2, let epsilon, let decay, _) = OptimizerRule.adam()
    else { preconditionFailure("not Adam") }
    return .adam(
      rate: try self.rate(rate),
      beta1: try double("beta1", default: beta1, in: 0...0.9999, "decay rate of the mean gradient"),
      beta2: try double("beta2", default: beta2, in: 0...0.999999, "decay rate of the mean square"),
      epsilon: try double(
        "adamEpsilon", default: epsilon, in: 1e-12...1, "added to the root of the mean square"),
      weightDecay: try self.decay(decay), decoupled: decoupled)
  }
}
