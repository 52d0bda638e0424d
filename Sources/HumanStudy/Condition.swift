import Support

/// What a study compares: the pictures of one source model, one attack and one budget, or those of
/// a control condition.
public struct Condition: Hashable, Codable, Sendable {
  public let source: String
  public let attack: String
  public let epsilon: Double

  /// Unchanged pictures. They show how often people name a class that an attack aims at although
  /// nothing has been changed.
  public static let clean = Condition(source: controls, attack: "clean", epsilon: 0)
  /// Pictures with random noise of the same size as the perturbations of the adversarial pictures.
  /// They show what a perturbation does to people that no model has been used for.
  public static let noise = Condition(source: controls, attack: "noise", epsilon: 0)

  /// What stands in place of the source model of a control condition.
  private static let controls = "control"

  /// Whether the condition is one of the two controls.
  public var isControl: Bool { self == .clean || self == .noise }

  /// The budget as tables show it; empty for a control condition, which has none.
  public var budget: String { isControl ? "" : epsilon.plainDecimal }

  /// The model, the attack and the budget in one line, for people and for columns of tables.
  public var name: String {
    isControl ? "\(attack) control" : "\(source) \(attack) \(epsilon.plainDecimal)"
  }
}
