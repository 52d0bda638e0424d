import ModelCore
import Support

/// The patch-wise method (PI-FGSM++): steps that are longer than the budget allows, whose excess
/// moves the pixels around.
///
///     a ← a + β·α·sign g,  C = max(|a| − ε, 0)·sign a,  with g = ∇ₓL(x) and L from z / τ
///     x ← project(x + β·α·sign g + γ·β·α·sign(W ∗ C))
///
/// a are the steps so far, and C is what of them exceeds the budget. W is the mean over the pixels
/// around a pixel, without the pixel itself, in a square window. The perturbation thus becomes the
/// same over small patches, to which the features of other models respond, too. The temperature τ
/// of the logits z keeps such long steps from fitting the source model too closely.
///
/// Use it for black-box attacks from a source model, also towards a target; with `views=ti+di` it
/// is the paper's DTPI-FGSM++. Source: L. Gao et al. (2020) and, with the temperature, L. Gao, Q.
/// Zhang et al. (2020, Patch-wise++), with their values β = 10, γ = 0.8, τ = 1.5 and 3x3 windows.
public struct PatchWiseMethod: GradientAttack, Configurable {
  public static let name = "pifgsm++"
  public static let title = "patch-wise iterative fast gradient sign method++"
  public static let summary =
    "long steps whose excess moves neighbouring pixels, for transfer (Gao et al. 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public var schedule: StepSchedule
  /// β, the factor of the steps.
  public var amplification: Double
  /// γ, the length of the moves by the excess around a pixel, in units of a step.
  public var projection: Double
  /// The side of the square window around a pixel, an odd number.
  public var window: Int
  /// τ, by which logits are divided.
  public var temperature: Double
  public var gradient: AttackGradient

  public init(
    _ schedule: StepSchedule = StepSchedule(steps: 10), amplification: Double = 10,
    projection: Double = 0.8, window: Int = 3, temperature: Double = 1.5,
    _ gradient: AttackGradient = AttackGradient()
  ) {
    self.schedule = schedule
    self.amplification = amplification
    self.projection = projection
    self.window = window
    self.temperature = temperature
    self.gradient = gradient
  }

  public static let settings: [Setting<PatchWiseMethod>] = [
    .group(\.schedule),
    .double("amplification", \.amplification, in: 0...1e6, "factor of the steps"),
    .double(
      "projection", \.projection, in: 0...1e6,
      "length of the moves by the excess around a pixel, in steps"),
    .int("window", \.window, in: 1...101, "side of the window around a pixel, an odd number"),
    .double("temperature", \.temperature, in: 1e-6...1e6, "divisor of the logits"),
    .group(\.gradient),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
    guard window % 2 == 1 else {
      throw Failure.badData("\(Self.name): expected an odd window, found \(window)")
    }
  }

  public let needsPictures = true

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    // images, x, total (the a of the formula), ascent, move, excess, sums, around, spread [N, C, H,
    // W]
    let size = schedule.size(threat.epsilon) * amplification
    let estimate = gradient.estimate(goal, within: threat, against: classifier) { logits, _, _ in
      gradient.loss.losses(logits / temperature, goal)
    }
    // A sum that should be zero may differ from it by rounding, and its sign would then be a step.
    let rounding = threat.epsilon * 1e-4
    let others = Double(max(1, window * window - 1))
    let mean = (0..<window * window).map { Float($0 == window * window / 2 ? 0 : 1 / others) }
    var x = images
    var total = images * 0
    for step in 0..<schedule.steps {
      let ascent = goal.region.limited(estimate(x, draws.purpose("step \(step)")))
      let move = threat.step(ascent, size: size)
      total = total + move
      let excess = (total.absolute - threat.epsilon).maximum(0) * total.sign
      let sums = excess.filtered(by: mean, side: window)
      let around = sums.absolute.isGreater(than: rounding).choose(sums, else: images * 0)
      let spread = threat.step(goal.region.limited(around), size: size * projection)
      x = threat.project(x + move + spread, around: images)
    }
    return x
  }
}
