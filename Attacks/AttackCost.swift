/// The cost of an attack on some images, for all budgets together.
public struct AttackCost: Codable, Equatable, Sendable {
  /// The number of forward passes of single images through the attacked model: its query count.
  public var forwards: Int
  /// The number of gradients of single images that were computed with the attacked model.
  public var backwards: Int
  /// The time that the attack takes, in seconds.
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
