import ModelCore
import Support

/// Jitter: PGD on a loss that scales the logits, adds noise to the probabilities, and prefers small
/// perturbations once an image is misclassified.
///
///     p = softmax(10·z / max|z|) + σ·N(0, 1),  L = mean over classes of (p − Y)²
///     where f(x) ≠ y: L / ‖x − X‖∞
///
/// z are the logits, and Y is the label as a one-hot row. With the scaling, the loss does not
/// depend on the size of the logits, so that no gradient is lost to saturation. The noise makes the
/// attack try other classes than the most likely wrong one. The division makes it look for smaller
/// perturbations of images that it fools already. Towards a target, L is −(p − T)² with the target
/// T, without the division.
///
/// Because of the division, the last steps may lead an image back across the boundary, and more
/// steps do not always fool more images. Use it beside `pgd`, which usually fools more, where the
/// logits of a model are so large that the cross-entropy saturates. Source: L. Schwinn et al.
/// (2021). The number and the length of the steps and the squares in L are those of torchattacks.
public struct Jitter: AscentAttack, Configurable {
  public static let name = "jitter"
  public static let title = "Jitter"
  public static let summary =
    "PGD on scaled logits with noise, with smaller perturbations (Schwinn et al. 2021)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var schedule: StepSchedule
  /// The factor of the logits after they are divided by the largest magnitude among them.
  public var scale: Double
  /// σ, the standard deviation of the noise that is added to the probabilities.
  public var deviation: Double
  public var gradient: AttackGradient

  public init(
    _ schedule: StepSchedule = StepSchedule(steps: 10, relative: 2.5), scale: Double = 10,
    deviation: Double = 0.1, _ gradient: AttackGradient = AttackGradient()
  ) {
    self.schedule = schedule
    self.scale = scale
    self.deviation = deviation
    self.gradient = gradient
  }

  public static let settings: [Setting<Jitter>] = [
    .group(\.schedule),
    .double("scale", \.scale, in: 1e-6...1e6, "factor of the logits divided by the largest one"),
    .double(
      "deviation", \.deviation, in: 0...1e6, "standard deviation of the noise on probabilities"),
    .group(\.gradient, only: AttackGradient.settingsOfOtherLoss),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  var ascent: GradientAscent {
    var ascent = schedule.ascent(along: gradient)
    ascent.startsRandomly = true
    ascent.objective = { [self] images, goal, _ in
      { logits, x, draws in
        let noise = draws.purpose("jitter").normal([logits.shape[1]]) * deviation
        return losses(logits, goal, noise: noise, move: x - images)
      }
    }
    return ascent
  }

  /// L for each image, `[N]`.
  /// - Parameters:
  ///   - logits: `[N, K]`.
  ///   - noise: what is added to the probabilities, `[N, K]`.
  ///   - move: the perturbations x − X, `[N, …]`.
  func losses(_ logits: Tensor, _ goal: Goal, noise: Tensor, move: Tensor) -> Tensor {
    // largest [N, 1]; distances, sizes, errors [N]
    let largest = logits.absolute.max([1], keep: true).maximum(1e-12)
    let probabilities = (logits / largest * scale).softmax() + noise
    let wanted = goal.focus.oneHot(classes: logits.shape[1])
    let errors = (probabilities - wanted).square.mean([1])
    guard !goal.isTargeted else { return -errors }
    let sizes = Norm.linf.size(move)
    let isDivided = goal.isReached(logits.predictedClasses).and(sizes.isGreater(than: 0))
    return errors / isDivided.choose(sizes, else: Tensor.ones([], device: logits.device))
  }
}
