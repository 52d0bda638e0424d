/// What an attack spent on some images, for all budgets together.
public struct AttackCost: Codable, Equatable, Sendable {
  /// Images that went forward through the attacked model.
  public var forwards: Int
  /// Images whose gradients came back through it, each as often as one did.
  public var backwards: Int
  /// Seconds from asking to having the adversarial images.
  public var seconds: Double

  public init(forwards: Int = 0, backwards: Int = 0, seconds: Double = 0) {
    self.forwards = forwards
    self.backwards = backwards
    self.seconds = seconds
  }

  public static func + (a: AttackCost, b: AttackCost) -> AttackCost {
    AttackCost(
      forwards: a.forwards + b.forwards, backwards: a.backwards + b.backwards,
      seconds: a.seconds + b.seconds)
  }
}
