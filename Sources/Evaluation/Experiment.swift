import Attacks
import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// An evaluation as somebody asked for it: data, models, attacks with budgets, what to export.
/// Everything that is run, and everything a result depends on, is in this value.
public struct Experiment: Sendable {
  public let name: String
  public let seed: Seed
  public let data: DataPlan
  /// In the order of the file.
  public let models: [ModelPlan]
  public let attacks: [AttackPlan]
  /// How many test images are attacked, from the first on; nil: all.
  public let count: Int?
  public let images: ImagePlan?
  public let study: StudyDesign?
  /// How many times everything is done, each time from another seed; the first time counts as the
  /// experiment's.
  public let repeats: Int
  /// What whoever wrote the experiment should know, a sentence each.
  public let notices: [String]

  public init(
    name: String, seed: Seed, data: DataPlan, models: [ModelPlan], attacks: [AttackPlan],
    count: Int?,
    images: ImagePlan?, study: StudyDesign? = nil, repeats: Int = 1
  ) {
    self.repeats = repeats
    notices = attacks.flatMap(\.notices)
    self.name = name
    self.seed = seed
    self.data = data
    self.models = models
    self.attacks = attacks
    self.count = count
    self.images = images
    self.study = study
  }

  /// Reads and checks an experiment file. Files it names are relative to its folder.
  /// - Throws: `Failure` with file, line and the nearest valid name, before anything is run.
  public init(_ file: URL) throws {
    try self.init(.yaml(file))
  }

  /// Reads an experiment from settings.
  public init(_ settings: Settings) throws {
    name = try Self.checkedName(
      settings.string("name", default: "experiment", "what it is called"),
      settings.place(of: "name"))
    seed = Seed(UInt64(try settings.int("seed", default: 1, "where all randomness derives from")))
    data = try DataPlan(settings)
    guard let models = try settings.map("models", "names of models, and how each is made"),
      !models.entries.isEmpty
    else {
      throw Failure.badData(
        "\(settings.place): no models",
        hint: "for example models: { normal: { architecture: cnn, epochs: 4 } }")
    }
    self.models = try models.entries.map { entry in
      let name = try Self.checkedName(entry.name, entry.place)
      guard let plan = try models.map(name, "a model") else {
        throw Failure.badData("\(entry.place): \(name) is empty")
      }
      return try ModelPlan(name: name, plan)
    }
    try Self.checkReferences(self.models)
    guard let attacks = try settings.map("attacks", "names of attacks, each with its budgets"),
      !attacks.entries.isEmpty
    else {
      throw Failure.badData(
        "\(settings.place): no attacks",
        hint: "for example attacks: { fgsm: { epsilons: [0, 0.1, 0.2] } }")
    }
    self.attacks = try attacks.entries.map { entry in
      let name = try Self.checkedName(entry.name, entry.place)
      guard let plan = try attacks.map(name, "an attack") else {
        throw Failure.badData("\(entry.place): \(name) is empty")
      }
      let kind =
        plan.has("attack")
        ? try plan.string("attack", "the kind of attack, if the name is another") : name
      do {
        return try AttackPlan(name: name, attack: kind, plan)
      } catch let failure as Failure where failure.kind == .usage {
        throw Failure.badData("\(entry.place): \(failure.message)", hint: failure.hint)
      }
    }
    count = try settings.optionalInt(
      settings.name("count", formerly: "examples"), in: 1...Int.max,
      "how many test images are attacked, from the first on")
    images = try settings.map("images", "which adversarial images to export").map {
      try ImagePlan($0, attacks: attacks.entries.map(\.name))
    }
    repeats = try settings.int(
      "repeats", default: 1, in: 1...1000,
      "how many times everything is done, each from another seed")
    study = try Self.study(settings, seed, self.attacks, self.models)
    notices = settings.notices + self.attacks.flatMap(\.notices)
    try settings.finish("an experiment")
  }

  /// The experiment from another seed, for itself and without pictures.
  /// - Parameter number: from 2 on.
  func repetition(_ number: Int) -> Experiment {
    Experiment(
      name: "\(name)-\(number)", seed: seed.derive("repetition \(number)"), data: data,
      models: models,
      attacks: attacks,
      count: count, images: nil)
  }

  private static func study(
    _ settings: Settings, _ seed: Seed, _ attacks: [AttackPlan], _ models: [ModelPlan]
  ) throws -> StudyDesign? {
    guard let map = try settings.map("study", "a human study of the examples") else { return nil }
    let design = try StudyDesign(map, seed: seed)
    try design.check(
      map, attacks: attacks.map { ($0.name, $0.epsilons) }, models: models.map(\.name))
    return design
  }

  /// A model that is made of others stands after them; an ensemble has no weights that another
  /// could have.
  private static func checkReferences(_ models: [ModelPlan]) throws {
    var known: [String] = []
    var ensembles: [String] = []
    for plan in models {
      if let name = plan.origin.needs.first(where: { !known.contains($0) }) {
        throw Failure.badData(
          "model \(plan.name): no model '\(name)' stands before it",
          hint: hint(for: name, among: known))
      }
      switch plan.origin {
      case .model(let name) where ensembles.contains(name):
        throw Failure.badData(
          "model \(plan.name): '\(name)' is an ensemble and has no weights of its own")
      case .ensemble: ensembles.append(plan.name)
      default: break
      }
      known.append(plan.name)
    }
  }

  /// Names become parts of file names and of tables, so they are plain words.
  public static func checkedName(_ name: String, _ place: String) throws -> String {
    let allowed = name.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
    }
    guard allowed, !name.isEmpty, name.count <= 64, !name.hasPrefix("."), !name.hasPrefix("-")
    else {
      throw Failure.badData(
        "\(place): '\(name)' cannot be a name",
        hint: "use up to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit")
    }
    return name
  }
}
