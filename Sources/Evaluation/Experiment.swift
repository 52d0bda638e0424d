import Attacks
import Certificates
import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// An evaluation as an experiment file describes it: the data, the models, the attacks with their
/// budgets, and what to export. This value holds everything that a result depends on.
public struct Experiment: Sendable {
  public let name: String
  public let seed: Seed
  public let data: DataPlan
  /// The models, in the order of the file, and after them those that `another` looks for.
  public let models: [ModelPlan]
  public let attacks: [AttackPlan]
  /// The number of test images that are attacked, counted from the first; nil for all.
  public let count: Int?
  /// The number of test images that are drawn from all classes and attacked; nil if `count`
  /// decides.
  public let sample: Int?
  /// How many times each model is shown each adversarial example; more than once for models that
  /// compute with random numbers.
  public let judgements: Int
  public let images: ImagePlan?
  public let study: StudyDesign?
  /// How the reliance of the models on masked features is measured; nil for the defaults, with data
  /// that have masks.
  public let reliance: ReliancePlan?
  /// How models that are right for other reasons are looked for; nil if none are.
  public let another: AnotherPlan?
  /// The autoencoder in whose codes they are looked for; nil if none are.
  public let autoencoder: AutoencoderPlan?
  /// How the models' answers are certified; empty if they are not.
  public let certificates: [CertificatePlan]
  /// How the models' answers are explained; nil if they are not.
  public let explain: ExplanationPlan?
  /// How many times everything is done, each time from another seed. The results of the first time
  /// are those of the experiment.
  public let repeats: Int
  /// How a cluster runs the steps; nil if the experiment does not say it. No result depends on it,
  /// so it is no part of the resolved experiment.
  public let cluster: ClusterPlan?
  /// What the author of the experiment should know, such as that a setting has a new name; one
  /// sentence each.
  public let notices: [String]

  public init(
    name: String, seed: Seed, data: DataPlan, models: [ModelPlan], attacks: [AttackPlan],
    count: Int?, sample: Int? = nil, images: ImagePlan?, study: StudyDesign? = nil,
    repeats: Int = 1,
    reliance: ReliancePlan? = nil, another: AnotherPlan? = nil, autoencoder: AutoencoderPlan? = nil,
    explain: ExplanationPlan? = nil, certificates: [CertificatePlan] = [], judgements: Int = 1
  ) {
    self.judgements = judgements
    cluster = nil
    self.certificates = certificates
    self.explain = explain
    self.another = another
    self.autoencoder = autoencoder
    self.reliance = reliance
    self.repeats = repeats
    notices = attacks.flatMap(\.notices)
    self.name = name
    self.seed = seed
    self.data = data
    self.models = models
    self.attacks = attacks
    self.count = count
    self.sample = sample
    self.images = images
    self.study = study
  }

  /// Reads and checks an experiment file. Paths in it start from its folder.
  /// - Throws: `Failure` with the file, the line and the nearest known name.
  public init(_ file: URL) throws {
    try self.init(.yaml(file))
  }

  /// Reads and checks an experiment.
  /// - Throws: `Failure.badData` with the place of a setting that is missing, unknown or wrong.
  public init(_ settings: Settings) throws {
    name = try Self.checkedName(
      settings.string("name", default: "experiment", "the name of the experiment"),
      settings.place(of: "name"))
    seed = Seed(UInt64(try settings.int("seed", default: 1, "the seed of all random numbers")))
    data = try DataPlan(settings)
    guard let models = try settings.map("models", "the models by name"),
      !models.entries.isEmpty
    else {
      throw Failure.badData(
        "\(settings.place): 'models' is missing or empty",
        hint: "for example models: { normal: { architecture: cnn, epochs: 4 } }")
    }
    let written = try models.entries.map { entry in
      let name = try Self.checkedName(entry.name, entry.place)
      guard let plan = try models.map(name, "a model") else {
        preconditionFailure("the name of an entry was not found")
      }
      return try ModelPlan(name: name, plan)
    }
    try Self.checkReferences(written)
    another = try settings.map("another", "how models with other explanations are looked for").map {
      try AnotherPlan($0, models: written)
    }
    autoencoder = try AutoencoderPlan(settings, another)
    self.models = written + (another?.models(among: written) ?? [])
    guard let attacks = try settings.map("attacks", "the attacks by name"),
      !attacks.entries.isEmpty
    else {
      throw Failure.badData(
        "\(settings.place): 'attacks' is missing or empty",
        hint: "for example attacks: { fgsm: { epsilons: [0, 0.1, 0.2] } }")
    }
    self.attacks = try attacks.entries.map { entry in
      let name = try Self.checkedName(entry.name, entry.place)
      guard let plan = try attacks.map(name, "an attack") else {
        preconditionFailure("the name of an entry was not found")
      }
      let kind =
        plan.has("attack")
        ? try plan.string("attack", "the attack, if the entry has another name") : name
      do {
        return try AttackPlan(name: name, attack: kind, plan)
      } catch let failure as Failure where failure.kind == .usage {
        throw Failure.badData("\(entry.place): \(failure.message)", hint: failure.hint)
      }
    }
    count = try settings.optionalInt(
      settings.name("count", formerly: "examples"), in: 1...Int.max,
      "how many test images are attacked, counted from the first")
    sample = try settings.optionalInt(
      "sample", in: 1...Int.max, "how many test images are drawn from all classes and attacked")
    if count != nil, sample != nil {
      throw Failure.badData(
        "\(settings.place(of: "sample")): 'count' and 'sample' cannot both be given",
        hint: "count takes the first images, and sample draws them from all classes")
    }
    judgements = try settings.int(
      "judgements", default: 1, in: Self.judgementRange,
      "how many times each model is shown each adversarial example, for models that compute with "
        + "random numbers")
    images = try settings.map("images", "which adversarial images are exported").map {
      try ImagePlan($0, attacks: attacks.entries.map(\.name))
    }
    repeats = try settings.int(
      "repeats", default: 1, in: 1...1000,
      "how many times everything is done, each time from another seed")
    reliance = try settings.map("reliance", "how reliance on masked features is measured").map {
      var plan = ReliancePlan()
      try plan.read($0)
      try $0.finish("reliance")
      return plan
    }
    explain = try settings.map("explain", "how the models' answers are explained").map {
      try ExplanationPlan($0)
    }
    certificates = try Self.certificates(settings)
    study = try Self.study(settings, seed, self.attacks, self.models)
    cluster = try settings.map("cluster", "how a cluster runs the steps").map {
      try ClusterPlan($0)
    }
    notices = settings.notices + self.attacks.flatMap(\.notices)
    try settings.finish("an experiment")
    try checkFileNames()
  }

  /// The experiment of a repetition: the same with another seed, without pictures, study,
  /// explanations and certificates, and with the data of the repetition if they have a part for
  /// each.
  /// - Parameter number: the number of the repetition, at least 2.
  func repetition(_ number: Int) -> Experiment {
    Experiment(
      name: "\(name)-\(number)", seed: seed.derive("repetition \(number)"),
      data: data.repetition(number), models: models, attacks: attacks,
      count: count, sample: sample, images: nil, reliance: reliance, another: another,
      autoencoder: autoencoder, judgements: judgements)
  }

  private static func certificates(_ settings: Settings) throws -> [CertificatePlan] {
    guard let all = try settings.map("certify", "the certificates by name") else { return [] }
    return try all.entries.map { entry in
      let name = try checkedName(entry.name, entry.place)
      guard let plan = try all.map(name, "a certificate") else {
        preconditionFailure("the name of an entry was not found")
      }
      let method =
        plan.has("certificate")
        ? try plan.string("certificate", "the method, if the entry has another name") : name
      do {
        return try CertificatePlan(name: name, certificate: method, plan)
      } catch let failure as Failure where failure.kind == .usage {
        throw Failure.badData("\(entry.place): \(failure.message)", hint: failure.hint)
      }
    }
  }

  /// The numbers of judgements that can be asked for.
  public static let judgementRange = 1...1000

  private static func study(
    _ settings: Settings, _ seed: Seed, _ attacks: [AttackPlan], _ models: [ModelPlan]
  ) throws -> StudyDesign? {
    guard let map = try settings.map("study", "a human study") else { return nil }
    let design = try StudyDesign(map, seed: seed)
    try design.check(
      map, attacks: attacks.map { ($0.name, $0.epsilons) }, models: models.map(\.name))
    return design
  }

  /// Checks that models are made only from earlier models, and that no model is given the weights
  /// of an ensemble, which has none of its own.
  private static func checkReferences(_ models: [ModelPlan]) throws {
    var known: [String] = []
    var ensembles: [String] = []
    for plan in models {
      if let name = plan.origin.needs.first(where: { !known.contains($0) }) {
        throw Failure.badData(
          "model \(plan.name): there is no model '\(name)' before it",
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

  /// Checks a name of an experiment, a model or an attack. Names become parts of file names and
  /// tables.
  /// - Throws: `Failure.badData` with the place.
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
