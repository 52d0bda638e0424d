import Datasets
import Support

/// What a network is trained against: one defense, or several whose terms add up.
///
/// The loss is the sum over the members of weight · (their terms). A penalty (gradient or curvature
/// regularisation, TRADES) brings its penalty only, so that no cross-entropy is counted that nobody
/// wrote. Where every member is a penalty, plain cross-entropy is added once, with weight one. The
/// members share the pass of the clean images.
///
///     [{adversarialTraining: {epsilon: 0.3}}, {gradientRegularization: {lambda: 100, weight: 0.5}}]
///
/// is ½ CE(f(X)) + ½ CE(f(X′)) + ½ · 100 · penalty: A. Ross' ½ [(CE + λ · penalty) + CE_adv] with λ
/// = 100.
public struct DefenseSum: Sendable {
  public struct Member: Sendable {
    public let defense: any Defense
    public let weight: Double

    public init(_ defense: any Defense, weight: Double = 1) {
      self.defense = defense
      self.weight = weight
    }

    /// Name and settings, and the weight where it is not one: `0.5·labelSmoothing(alpha=0.1)`.
    var text: String { (weight == 1 ? "" : "\(weight)·") + defense.text }
  }

  /// At least one.
  public let members: [Member]

  public init(_ members: [Member]) {
    precondition(!members.isEmpty, "a sum of no defenses")
    self.members = members
  }

  public init(_ defense: any Defense) { self.init([Member(defense)]) }

  /// Reads `NAME`, `{ NAME: { settings } }`, or a list of these, in which the settings may hold a
  /// `weight` too.
  /// - Throws: `Failure.badData` with the place and the nearest valid name.
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
      guard let settings = try map.map(chosen.name, "its settings") else {
        throw malformed(chosen.place)
      }
      let weight = isInList ? try settings.double("weight", default: 1, "its weight in the sum") : 1
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
      "\(place): expected a defense's name, one defense with its settings, or a list of those",
      hint:
        "for example defense: [ { adversarialTraining: { epsilon: 0.3 } }, { gradientRegularization: { lambda: 10 } } ]"
    )
  }

  /// One line: `adversarialTraining(…) + 0.5·gradientRegularization(…)`.
  public var text: String { members.map(\.text).joined(separator: " + ") }

  /// What else the weights depend on, one line each in a fixed order.
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

  /// What the network is trained for, once everything exists that must exist before.
  public func objective(_ preparation: Preparation) throws -> any Objective {
    ObjectiveSum(
      try members.map { (objective: try $0.defense.objective(preparation), weight: $0.weight) })
  }
}
