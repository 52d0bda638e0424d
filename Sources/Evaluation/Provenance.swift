/// What a grid's numbers came from: enough to know whether two grids may be compared, and to
/// measure one of them again.
public struct Provenance: Codable, Equatable, Sendable {
  /// The experiment's name.
  public var experiment: String
  /// The data set's name.
  public var data: String
  /// The SHA-256 of the images and labels that were used, in hexadecimal.
  public var dataFingerprint: String
  /// How many examples each attack was given.
  public var examples: Int
  public var seed: UInt64
  /// The device that computed, as libtorch names it: `cpu`, `cuda:0`.
  public var device: String
  public var threads: Int
  /// The version of Crossfire.
  public var crossfire: String
  /// The version of libtorch.
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

  public func model(_ name: String) -> ModelRecord? { models.first { $0.name == name } }

  public func attack(_ name: String) -> AttackRecord? { attacks.first { $0.name == name } }
}

/// A model as a grid knows it.
public struct ModelRecord: Codable, Equatable, Sendable {
  /// The name by which cells refer to it.
  public var name: String
  /// One line for people: `cnn, 4 epochs`.
  public var description: String
  /// The defense it was trained with, or nil for an undefended model.
  public var defense: String?
  /// The SHA-256 of its weights, in hexadecimal.
  public var fingerprint: String

  public init(name: String, description: String, defense: String? = nil, fingerprint: String) {
    self.name = name
    self.description = description
    self.defense = defense
    self.fingerprint = fingerprint
  }
}

/// An attack as a grid knows it.
public struct AttackRecord: Codable, Equatable, Sendable {
  /// The name by which cells refer to it.
  public var name: String
  /// Its name in the literature: `fast gradient sign method`.
  public var title: String
  /// The symbol of its budget: ε for most, γ for the Jacobian saliency map.
  public var budgetSymbol: String
  /// Every other setting by name, as it would be written in an experiment file.
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

/// A check on the evaluation itself that failed: a reason not to take a number at face value.
public struct TrustFlag: Codable, Equatable, Sendable {
  /// The check's name: `gradient masking`.
  public var name: String
  /// What was measured that raised it.
  public var raisedBecause: String
  /// What that says about the numbers.
  public var meaning: String
  /// What to do about it.
  public var advice: String
  /// The attack, source and victim it concerns; nil for all.
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
