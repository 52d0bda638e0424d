import Defenses

/// What the numbers of a grid were computed from: enough to decide whether two grids can be
/// compared, and to compute a grid again.
public struct Provenance: Codable, Equatable, Sendable {
  /// The experiment's name.
  public var experiment: String
  /// The data set's name.
  public var data: String
  /// The SHA-256 of the images and labels that were used, in hexadecimal.
  public var dataFingerprint: String
  /// The number of images that each attack was given.
  public var examples: Int
  /// The seed of the experiment.
  public var seed: UInt64
  /// The device that computed the most results, as libtorch names it: `cpu`, `cuda:0`.
  /// `computations` lists every set-up if there are several.
  public var device: String
  /// How many threads one operation used there.
  public var threads: Int
  /// The version of Crossfire there.
  public var crossfire: String
  /// The version of libtorch there.
  public var libtorch: String
  public var models: [ModelRecord]
  public var attacks: [AttackRecord]
  /// The valid range of the data's values; budgets are in the same unit. Nil in the grids of
  /// versions that did not record it.
  public var valueRange: ClosedRange<Double>?
  /// Which set-up computed which results. A run that was continued on another machine has several.
  /// Empty in the grids of versions that did not record it.
  public var computations: [ComputedResults] = []

  public init(
    experiment: String, data: String, dataFingerprint: String, examples: Int, seed: UInt64,
    device: String,
    threads: Int, crossfire: String, libtorch: String, models: [ModelRecord],
    attacks: [AttackRecord], valueRange: ClosedRange<Double>? = nil,
    computations: [ComputedResults] = []
  ) {
    self.experiment = experiment
    self.data = data
    self.dataFingerprint = dataFingerprint
    self.examples = examples
    self.seed = seed
    self.device = device
    self.threads = threads
    self.crossfire = crossfire
    self.libtorch = libtorch
    self.models = models
    self.attacks = attacks
    self.valueRange = valueRange
    self.computations = computations
  }

  /// Reads a provenance; the fields that earlier versions did not write may be missing.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    experiment = try values.decode(String.self, forKey: .experiment)
    data = try values.decode(String.self, forKey: .data)
    dataFingerprint = try values.decode(String.self, forKey: .dataFingerprint)
    examples = try values.decode(Int.self, forKey: .examples)
    seed = try values.decode(UInt64.self, forKey: .seed)
    device = try values.decode(String.self, forKey: .device)
    threads = try values.decode(Int.self, forKey: .threads)
    crossfire = try values.decode(String.self, forKey: .crossfire)
    libtorch = try values.decode(String.self, forKey: .libtorch)
    models = try values.decode([ModelRecord].self, forKey: .models)
    attacks = try values.decode([AttackRecord].self, forKey: .attacks)
    valueRange = try values.decodeIfPresent(ClosedRange<Double>.self, forKey: .valueRange)
    computations = try values.decodeIfPresent([ComputedResults].self, forKey: .computations) ?? []
  }

  /// What computed the results, in words. Of several set-ups it names the one that computed the most.
  public var computedBy: String {
    let main = ComputationRecord(
      device: device, threads: threads, crossfire: crossfire, libtorch: libtorch)
    let count = computations.setUps.count
    return "computed by "
      + (count > 1 ? "\(count) set-ups, the most results by \(main.words)" : main.words)
  }

  /// The record of a model; nil if there is none.
  public func model(_ name: String) -> ModelRecord? { models.first { $0.name == name } }

  /// The record of an attack; nil if there is none.
  public func attack(_ name: String) -> AttackRecord? { attacks.first { $0.name == name } }
}

/// A model of a grid.
public struct ModelRecord: Codable, Equatable, Sendable {
  /// The name by which cells refer to it.
  public var name: String
  /// A description in one line: `cnn, 4 epochs`.
  public var description: String
  /// The defense that it was trained with, and the layers in front of it; `none` for an undefended
  /// model, and nil if the defense is unknown, as for most models that Crossfire did not train.
  public var defense: String?
  /// The SHA-256 of what the model computes, in hexadecimal.
  public var fingerprint: String

  public init(name: String, description: String, defense: String? = nil, fingerprint: String) {
    self.name = name
    self.description = description
    self.defense = defense
    self.fingerprint = fingerprint
  }

  /// Whether the model is known to have no defense.
  public var isUndefended: Bool { defense == PlainTraining.name }
}

/// An attack of a grid.
public struct AttackRecord: Codable, Equatable, Sendable {
  /// The name by which cells refer to it.
  public var name: String
  /// Its name in the literature: `fast gradient sign method`.
  public var title: String
  /// The symbol of its budget: ε for most attacks, γ for the Jacobian saliency map.
  public var budgetSymbol: String
  /// All settings except the budgets, by name, as an experiment file would state them.
  public var parameters: [String: String]

  public init(
    name: String, title: String, budgetSymbol: String = "ε", parameters: [String: String] = [:]
  ) {
    self.name = name
    self.title = title
    self.budgetSymbol = budgetSymbol
    self.parameters = parameters
  }
}

/// A trust check that failed: a reason to doubt a number of the evaluation.
public struct TrustFlag: Codable, Equatable, Sendable {
  /// The name of the check: `gradient masking`.
  public var name: String
  /// The measurement that raised the flag.
  public var raisedBecause: String
  /// What the measurement says about the numbers.
  public var meaning: String
  /// What to do about it.
  public var advice: String
  /// The attack, the source and the victim that it concerns; nil for all of them.
  public var attack: String?
  public var source: String?
  public var victim: String?

  public init(
    name: String, raisedBecause: String, meaning: String, advice: String, attack: String? = nil,
    source: String? = nil,
    victim: String? = nil
  ) {
    self.name = name
    self.raisedBecause = raisedBecause
    self.meaning = meaning
    self.advice = advice
    self.attack = attack
    self.source = source
    self.victim = victim
  }
}
