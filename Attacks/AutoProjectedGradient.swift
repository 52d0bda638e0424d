import ModelCore
import Support

/// Auto-PGD: gradient ascent with momentum whose step halves, image by image, when progress stalls,
/// going on from the best point found. No step size to choose. Croce & Hein, 2020.
public struct AutoProjectedGradient: Attack, Configurable {
  public static let name = "apgd"
  public static let title = "auto projected gradient descent"
  public static let summary = "PGD that chooses its own step sizes; ℓ∞ or ℓ2 (Croce & Hein 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  public var steps: Int
  public var loss: AttackLoss

  /// Share of the last step that is kept as momentum, and share of improving steps below which a
  /// step size is halved.
  private static let momentum = 0.25
  private static let patience = 0.75

  public init(norm: Norm = .linf, steps: Int = 100, loss: AttackLoss = .crossEntropy) {
    self.norm = norm
    self.steps = steps
    self.loss = loss
  }

  public static let settings: [Setting<AutoProjectedGradient>] = [
    .norm(\.norm, of: [.linf, .l2]), .int("steps", \.steps, in: 1...100_000, "steps taken"),
    .group(\.loss),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    run(images, climbing: goal, until: goal, within: threat, against: classifier, draws: draws)
  }

  /// Climbs towards one goal until another is reached: for AutoAttack, towards a target until any
  /// wrong class is.
  func run(
    _ images: Tensor, climbing goal: Goal, until success: Goal, within threat: ThreatModel,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor {
    guard threat.epsilon > 0 else { return images }
    var active = ActiveImages(images, success, draws)
    active.x = start(images, threat, draws.purpose("start"))
    var climb = Climb(active, goal, loss, size: 2 * threat.epsilon, classifier)
    var interval = max(Int(0.22 * Double(steps)), 1)
    var sinceCheck = 0
    for step in 0..<steps {
      climb.advance(&active, threat, keeping: step == 0 ? 0 : Self.momentum, classifier)
      sinceCheck += 1
      guard sinceCheck == interval || step == steps - 1 else { continue }
      climb.settle(&active)
      if active.isEmpty { return active.results }
      climb.halveStalled(&active, over: sinceCheck, patience: Self.patience)
      interval = max(
        interval - max(Int(0.03 * Double(steps)), 1), max(Int(0.06 * Double(steps)), 1))
      sinceCheck = 0
    }
    active.leaveAll(as: climb.best)
    return active.results
  }

  /// A random point on the surface of the ball.
  private func start(_ images: Tensor, _ threat: ThreatModel, _ draws: ExampleDraws) -> Tensor {
    let shape = Array(images.shape.dropFirst())
    let direction = norm == .linf ? draws.uniform(shape, in: -1..<1) : draws.normal(shape)
    let length = norm.size(direction).perImage(like: images).maximum(1e-12)
    return (images + direction / length * threat.epsilon).clamped(to: threat.valueRange)
  }
}
