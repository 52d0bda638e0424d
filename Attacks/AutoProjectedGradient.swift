import ModelCore
import Support

/// Auto-PGD (APGD): projected gradient ascent with momentum, which chooses its step size for each
/// image.
///
/// The step size starts at 2ε. At certain steps the attack checks each image: if the loss has
/// increased too seldom, the step size is halved, and the image goes on from its best point so far.
/// See `Climb` for the steps and the check. Use it in place of PGD where a step size cannot be
/// tuned. Source: F. Croce and M. Hein (2020).
public struct AutoProjectedGradient: Attack, Configurable {
  public static let name = "apgd"
  public static let title = "auto projected gradient descent"
  public static let summary = "PGD that chooses its step sizes itself; ℓ∞ or ℓ2 (Croce & Hein 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  public var steps: Int
  public var loss: AttackLoss
  public var expectation: ExpectationOverDraws

  /// The weight of the last move in a step is 0.25. The step size is halved if at most 0.75 of the
  /// steps increase the loss. Both values are published.
  private static let momentum = 0.25
  private static let patience = 0.75

  public init(
    norm: Norm = .linf, steps: Int = 100, loss: AttackLoss = .crossEntropy,
    over expectation: ExpectationOverDraws = ExpectationOverDraws()
  ) {
    self.norm = norm
    self.steps = steps
    self.loss = loss
    self.expectation = expectation
  }

  public static let settings: [Setting<AutoProjectedGradient>] = [
    .norm(\.norm, of: [.linf, .l2]), .int("steps", \.steps, in: 1...100_000, "number of steps"),
    .group(\.loss), .group(\.expectation),
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

  /// Increases the loss of one goal until another goal is reached. `AutoAttack` goes towards a
  /// target in this way, until any wrong class is predicted.
  ///
  /// An image that reaches `success` (in all draws) returns as the last point at which it did;
  /// every other image returns as its point of largest loss. Images change in the region of
  /// `success`.
  func run(
    _ images: Tensor, climbing goal: Goal, until success: Goal, within threat: ThreatModel,
    against classifier: any Classifier, draws: ExampleDraws
  ) -> Tensor {
    guard threat.epsilon > 0 else { return images }
    var active = ActiveImages(images, success, draws)
    active.x = start(images, threat, success.region, draws.purpose("start"))
    var climb = Climb(
      active, goal, loss, over: expectation, size: 2 * threat.epsilon, classifier)
    // The published checks, for n steps: the first after 0.22·n, and each following interval
    // shorter by 0.03·n, but at least 0.06·n.
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

  /// A random start as published: a random direction, scaled to length ε in the norm.
  ///
  /// In ℓ∞ a direction is uniform in a cube, so that only its largest component reaches ε.
  private func start(
    _ images: Tensor, _ threat: ThreatModel, _ region: Region, _ draws: ExampleDraws
  ) -> Tensor {
    let shape = Array(images.shape.dropFirst())
    let drawn = norm == .linf ? draws.uniform(shape, in: -1..<1) : draws.normal(shape)
    let direction = region.limited(drawn)
    let length = norm.size(direction).perImage(like: images).maximum(1e-12)
    return (images + direction / length * threat.epsilon).clamped(to: threat.valueRange)
  }
}
