import Datasets
import Support

/// The defenses that a network is trained with: one, or several whose losses add up.
///
///     loss = Σ weight · loss of the member
///
/// Penalties (gradient and curvature regularisation, TRADES) contribute only their penalty, so that
/// no cross-entropy is added that the experiment does not ask for. If all members are penalties,
/// the plain cross-entropy is added once, with weight one. All members share the forward pass of
/// the clean images.
///
///     [{adversarial-training: {epsilon: 0.3}},
///      {gradient-regularization: {lambda: 100, weight: 0.5}}]
///
/// is ½ CE(f(X)) + ½ CE(f(X′)) + ½ · 100 · penalty. This is the loss ½ [(CE + λ · penalty) +
/// CE_adv] with λ = 100 of A. Ross, "Training Machine Learning Models by Regularizing their
/// Explanations" (2018).
public struct DefenseSum: Sendable {
  /// One of the defenses, with its weight in the sum.
  public struct Member: Sendable {
    public let defense: any Defense
    public let weight: Double

    public init(_ defense: any Defense, weight: Double = 1) {
      self.defense = defense
      self.weight = weight
    }

    /// The name and the settings, after the weight if it is not one:
    /// `0.5·label-smoothing(alpha=0.1)`.
    var text: String { (weight == 1 ? "" : "\(weight)·") + defense.text }
  }

  /// The defenses, at least one.
  public let members: [Member]

  public init(_ members: [Member]) {
    precondition(!members.isEmpty, "a sum needs at least one defense")
    self.members = members
  }

  public init(_ defense: any Defense) { self.init([Member(defense)]) }

  /// Reads `NAME`, `{ NAME: { settings } }`, or a list of these. In a list, the settings may
  /// include `weight`.
  /// - Throws: `Failure.badData`, with the place and, for an unknown name, the nearest valid one.
  public init(_ value: SettingValue, place: String) throws {
    guard case .list(let items) = value else {
      self.init([try Self.member(value, place, isInList: false)])
      return
    }
    guard !items.isEmpty else { throw Self.malformed(place) }
    self.init(try items.map { try Self.member($0, place, isInList: true) })
  }

  private static func member(_ value: SettingValue, _ place: String, isInList: Bool) throws
    -> Member
  {
    switch value {
    case .scalar(let name): return Member(try defense(name, .none(place), place))
    case .map(let map):
      guard map.entries.count == 1, let chosen = map.entries.first else { throw malformed(place) }
      guard let settings = try map.map(chosen.name, "settings of the defense") else {
        throw malformed(chosen.place)
      }
      let weight = isInList ? try settings.double("weight", default: 1, "weight in the sum") : 1
      return Member(try defense(chosen.name, settings, chosen.place), weight: weight)
    case .list: throw malformed(place)
    }
  }

  private static func defense(_ name: String, _ settings: Settings, _ place: String) throws
    -> any Defense
  {
    do {
      return try DefenseRegistry.defense(named: name, settings)
    } catch let failure as Failure where failure.kind == .usage {
      throw Failure.badData("\(place): \(failure.message)", hint: failure.hint)
    }
  }

  private static func malformed(_ place: String) -> Failure {
    .badData(
      "\(place): expected the name of a defense, a defense with settings, or a list of these",
      hint:
        "for example defense: [ { adversarial-training: { epsilon: 0.3 } }, "
        + "{ gradient-regularization: { lambda: 10 } } ]"
    )
  }

  /// One line, for example `adversarial-training(…) + 0.5·gradient-regularization(…)`.
  public var text: String { members.map(\.text).joined(separator: " + ") }

  /// Everything else that the weights depend on, one line each, in a fixed order.
  public var dependencies: [String] {
    members.enumerated().flatMap { index, member in
      member.defense.dependencies.sorted { $0.key < $1.key }.map {
        "\(index) \($0.key) \($0.value)"
      }
    }
  }

  /// What the members need to know about every example.
  public var needs: Set<AnnotationKind> {
    members.reduce(into: []) { $0.formUnion($1.defense.needs) }
  }

  /// Checks that the members' budgets suit images of a value range.
  /// - Throws: `Failure.usage`, which names the budget and says what was expected.
  public func checkBudgets(in valueRange: ClosedRange<Double>, features: Int) throws {
    for member in members { try member.defense.checkBudget(in: valueRange, features: features) }
  }

  /// The objective of the training. See `Defense.objective`.
  public func objective(_ preparation: Preparation) throws -> any Objective {
    ObjectiveSum(
      try members.map { (objective: try $0.defense.objective(preparation), weight: $0.weight) })
  }
}
