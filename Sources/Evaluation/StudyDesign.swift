import Datasets
import Support

/// The design of a human study, as `study:` in an experiment file or a file of its own states it.
///
/// The defaults are the design of A. Ross, "Training Machine Learning Models by Regularizing their
/// Explanations" (2018). It uses the first five test images of each class and, for each image, the
/// examples towards every other class that fool their source model. A participant sees one of these
/// for each class and model, names the most and the second most plausible label, and comments on a
/// sheet of each model's examples.
public struct StudyDesign: Configurable, Equatable {
  /// The title of the page.
  public var title = "What do you see?"
  /// The seed of the lists and of their orders.
  public var seed: Seed
  /// The attacks whose examples are shown, at least one. Required.
  public var attacks: [String] = []
  /// The budgets; nil for the largest budget of each attack.
  public var epsilons: [Double]?
  /// The models whose examples are shown; nil for all models that have examples.
  public var models: [String]?
  /// How many participants are wanted. Required.
  public var participants = 0
  /// How many more lists there are, for participants who replace others; a quarter of
  /// `participants`, rounded up, unless stated.
  public var spares = 0
  /// The number of images of each class that pictures are made from, counted from the first.
  public var imagesPerClass = 5
  /// How many adversarial pictures a participant sees, repeats not counted; nil for one of each
  /// class and condition.
  public var images: Int?
  /// How many of these pictures are shown a second time, to see whether the answer is the same.
  public var repeats = 0
  /// How many unchanged pictures are mixed in, to check attention.
  public var checks = 0
  /// How many unchanged pictures come first, with feedback.
  public var practice = 3
  /// The smallest number of other trials between two pictures of one image.
  public var distance = 2
  /// Each pixel of an image becomes a block with this side; nil makes pictures about 280 pixels
  /// high.
  public var scale: Int?
  /// Whether the second most plausible label is asked for, too.
  public var secondChoice = true
  /// The time limit of an answer in seconds; nil for none.
  public var seconds: Double?
  /// Whether participants can comment on sheets of pictures at the end.
  public var sheets = true
  /// The share of the checks that a participant must answer correctly. Others are left out.
  public var checksRight = 0.75
  /// Whether the answers of participants who did not finish are analysed.
  public var keepUnfinished = false
  /// What participants agree to; nil for a text that fits the design.
  public var consent: String?
  /// What participants are told to do; nil for a text that fits the design.
  public var instructions: String?

  public static let settings: [Setting<StudyDesign>] = [
    .title, .seed, .attacks, .epsilons, .models, .participants, .spares,
    .int(
      "imagesPerClass", \.imagesPerClass, in: 1...100_000,
      "how many images of each class the pictures are made from"),
    .optionalInt(
      "images", \.images, in: 1...10_000,
      "adversarial pictures for a participant; one of each class and condition if not given"),
    .int("repeats", \.repeats, in: 0...10_000, "how many of them are shown a second time"),
    .int("checks", \.checks, in: 0...10_000, "unchanged pictures that check attention"),
    .int("practice", \.practice, in: 0...1_000, "unchanged pictures first, with feedback"),
    .int(
      "distance", \.distance, in: 0...1_000, "other trials between two pictures of one image"),
    .optionalInt(
      "scale", \.scale, in: 1...64,
      "the side of the block each pixel becomes; about 280 pixels high if not given"),
    .bool(
      "secondChoice", \.secondChoice, "whether the second most plausible label is asked for"),
    .optionalDouble("seconds", \.seconds, in: 0.1...86_400, "the time limit of an answer"),
    .bool("sheets", \.sheets, "whether there are sheets to comment on at the end"),
    .double(
      "checksRight", \.checksRight, in: 0...1,
      "participants who answer a smaller share of the checks correctly are left out"),
    .bool(
      "keepUnfinished", \.keepUnfinished,
      "whether the answers of participants who did not finish are analysed"),
    .text("consent", \.consent, "what participants agree to"),
    .text("instructions", \.instructions, "what participants are told to do"),
  ]

  /// Reads a design.
  /// - Parameter seed: the seed if the settings state none.
  /// - Throws: `Failure.badData` with the place of a setting that is missing, unknown or wrong.
  public init(_ given: Settings, seed: Seed = Seed(1)) throws {
    self.seed = seed
    try read(given)
    try given.finish("a study")
  }

  /// Checks that an experiment has the attacks, budgets and models of this design.
  /// - Parameter given: the settings that the design was read from, for the places of errors.
  /// - Throws: `Failure.badData` with the place and the nearest name.
  func check(
    _ given: Settings, attacks known: [(name: String, epsilons: [Double])], models: [String]
  ) throws {
    for name in attacks {
      guard let attack = known.first(where: { $0.name == name }) else {
        throw Failure.badData(
          "\(given.place(of: given.attacksName)): study: unknown attack '\(name)'",
          hint: hint(for: name, among: known.map(\.name)))
      }
      if let missing = (epsilons ?? []).first(where: { !attack.epsilons.contains($0) }) {
        throw Failure.badData(
          "\(given.place(of: "epsilons")): \(name) is not run with \(missing.plainDecimal)",
          hint: "it is run with " + attack.epsilons.map(\.plainDecimal).joined(separator: ", "))
      }
    }
    for name in self.models ?? [] where !models.contains(name) {
      throw Failure.badData(
        "\(given.place(of: "models")): study: unknown model '\(name)'",
        hint: hint(for: name, among: models))
    }
  }
}

extension Setting where Root == StudyDesign {
  fileprivate static var title: Setting {
    Setting { design, given in
      design.title = try given.string("title", default: design.title, "the title of the page")
    } values: {
      [("title", $0.title)]
    }
  }

  fileprivate static var seed: Setting {
    Setting { design, given in
      let usual = Int(clamping: design.seed.value)
      let seed = try given.int("seed", default: usual, "the seed of the lists and their orders")
      design.seed = Seed(UInt64(seed))
    } values: {
      [("seed", "\($0.seed.value)")]
    }
  }

  /// `attack` or `attacks`.
  fileprivate static var attacks: Setting {
    Setting { design, given in
      let name = given.attacksName
      design.attacks = try given.strings(name, "the attacks whose examples are shown")
      try given.checkNames(design.attacks, of: "attack", at: name)
    } values: {
      $0.attacks.map { ("attacks", $0) }
    }
  }

  fileprivate static var epsilons: Setting {
    Setting { design, given in
      let meaning = "the budgets; each attack's largest if not given"
      guard given.value("epsilons", meaning) != nil else { return }
      let epsilons = try given.doubles("epsilons", meaning)
      try given.checkNames(epsilons.map(\.plainDecimal), of: "budget", at: "epsilons")
      design.epsilons = epsilons
    } values: {
      ($0.epsilons ?? []).map { ("epsilons", $0.plainDecimal) }
    }
  }

  fileprivate static var models: Setting {
    Setting { design, given in
      let meaning = "the models whose examples are shown; all if not given"
      guard given.value("models", meaning) != nil else { return }
      let models = try given.strings("models", meaning)
      try given.checkNames(models, of: "model", at: "models")
      design.models = models
    } values: {
      ($0.models ?? []).map { ("models", $0) }
    }
  }

  fileprivate static var participants: Setting {
    Setting { design, given in
      design.participants = try given.int(
        "participants", in: 1...100_000, "how many participants are wanted")
    } values: {
      [("participants", "\($0.participants)")]
    }
  }

  /// Its default depends on `participants`, which is therefore read before it.
  fileprivate static var spares: Setting {
    Setting { design, given in
      design.spares = try given.int(
        "spares", default: (design.participants + 3) / 4, in: 0...100_000,
        "additional lists, for participants who replace others")
    } values: {
      [("spares", "\($0.spares)")]
    }
  }

  /// A text that may be left out.
  fileprivate static func text(
    _ name: String, _ path: WritableKeyPath<StudyDesign, String?> & Sendable, _ meaning: String
  ) -> Setting {
    Setting { design, given in
      guard given.value(name, meaning) != nil else { return }
      design[keyPath: path] = try given.string(name, meaning)
    } values: {
      $0[keyPath: path].map { [(name, $0)] } ?? []
    }
  }
}

extension Settings {
  /// The name under which the attacks of a study are given.
  fileprivate var attacksName: String { has("attack") ? "attack" : "attacks" }

  /// - Throws: `Failure.badData` if there are no names or one of them is given twice.
  fileprivate func checkNames(_ names: [String], of what: String, at setting: String) throws {
    guard !names.isEmpty, Set(names).count == names.count else {
      throw Failure.badData(
        "\(place(of: setting)): expected at least one \(what), each named once")
    }
  }
}

extension Experiment {
  /// The number of images, counted from the first, whose examples of an attack are kept: enough for
  /// the export of pictures and for the study, which needs `imagesPerClass` images of each class.
  func keptImages(of attack: String, _ data: LabelledImages) -> Int {
    let exported = images.map { $0.attacks.contains(attack) ? $0.count : 0 } ?? 0
    guard let study, study.attacks.contains(attack) else { return exported }
    var missing = [Int](repeating: study.imagesPerClass, count: data.classCount)
    var rest = missing.count * study.imagesPerClass
    for (place, label) in data.labels.int64s().enumerated() where missing[Int(label)] > 0 {
      missing[Int(label)] -= 1
      rest -= 1
      if rest == 0 { return max(exported, place + 1) }
    }
    return max(exported, data.count)
  }
}
