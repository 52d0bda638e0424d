import Foundation
import ModelCore
import Support

/// Decoupled direction and norm (DDN): a gradient attack in ℓ2 that searches for the norm by the
/// way.
///
/// Each step turns the perturbation δ by the gradient g of the loss, and then gives it a norm that
/// does not depend on how large the gradient was:
///
///     δ ← δ + α·g / ‖g‖₂
///     ε ← (1 − γ)·ε if X + δ reached the goal, and (1 + γ)·ε otherwise
///     δ ← clip(X + ε·δ / ‖δ‖₂) − X
///
/// The image so goes back and forth across the boundary on a sphere that shrinks and grows, while
/// its direction improves. α decreases from 1 to 0.01 along a cosine. ε is at most the norm of the
/// largest valid change. The loss is the cross-entropy. Where the gradient is zero, δ gets a random
/// direction. Of all images on the way that reach the goal by more than rounding
/// (`Goal.isClearlyReached`), the nearest one is the result. α and the first ε are shares of the
/// width of the pixel range.
///
/// Use it for small ℓ2 perturbations in a hundredth of Carlini-Wagner's time, and for adversarial
/// training. Source: J. Rony, L. Hafemann, L. Oliveira, I. Ben Ayed, R. Sabourin and E. Granger
/// (2019). The authors round to 256 levels after each step; here an attack does so only if `levels`
/// is given, because pixels need not be bytes.
public struct DecoupledDirectionNorm: SmallestPerturbationAttack, Configurable {
  public static let name = "ddn"
  public static let title = "decoupled direction and norm attack"
  public static let summary =
    "small ℓ2 perturbation in few steps, with a norm that adapts (Rony et al. 2019)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l2
  public var steps: Int
  /// γ, the share by which the norm changes at each step.
  public var gamma: Double
  /// The norm of the first step, as a share of the width of the pixel range.
  public var start: Double
  /// The number of values that a pixel may take, from the smallest to the largest valid one; nil
  /// for any value.
  public var levels: Int?

  /// α of the last step, as a share of the width of the pixel range; that of the first is 1.
  private static let lastRate = 0.01

  public init(steps: Int = 100, gamma: Double = 0.05, start: Double = 1, levels: Int? = nil) {
    self.steps = steps
    self.gamma = gamma
    self.start = start
    self.levels = levels
  }

  public static let settings: [Setting<DecoupledDirectionNorm>] = [
    .int("steps", \.steps, in: 1...1_000_000, "number of steps"),
    .double("gamma", \.gamma, in: 1e-6...0.999, "γ, share by which the norm changes at each step"),
    .double(
      "start", \.start, in: 1e-9...1e6,
      "norm of the first step, as a share of the width of the pixel range"),
    .optionalInt(
      "levels", \.levels, in: 2...65_536,
      "number of values that a pixel is rounded to at each step; if not given, any value"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func nearest(
    _ images: Tensor, _ goal: Goal, against classifier: any Classifier, draws: ExampleDraws
  )
    -> Tensor
  {
    // images [N, …]; for the M images that do not reach the goal yet: x, move (δ), gradient [M, …];
    // radius (ε), most, reached [M]
    var active = ActiveImages.searched(images, goal, draws, classifier)
    guard !active.isEmpty else { return active.results }
    let (originals, range) = (active.originals, classifier.valueRange)
    let sphere = ThreatModel(.l2, epsilon: 1, valueRange: range)
    let most = norm.size(active.room(in: range))
    var best = NearestImages(originals)
    var radius = (most * 0 + start * range.width).minimum(most)
    var x = originals
    for step in 0..<steps {
      let seen = classifier.lossAndGradient(at: x) {
        AttackLoss.crossEntropy.losses($0, active.goal)
      }
      let reached = active.goal.isClearlyReached(seen.logits)
      best.offer(x, where: reached, at: norm.size(x - originals))
      guard step + 1 < steps else { break }

      let gradient = active.goal.region.limited(seen.gradient.finiteOrZero)
      let way = direction(
        gradient, sphere, active.draws.purpose("step \(step)"), in: active.goal.region)
      let cosine = StepSchedule.cosine(step, of: steps)
      let rate = (Self.lastRate + (1 - Self.lastRate) * cosine) * range.width
      radius = (reached.choose(radius * (1 - gamma), else: radius * (1 + gamma))).minimum(most)
      let move = sphere.step(x - originals + way * rate, size: 1)
      x = rounded(originals + move * radius.perImage(like: move), in: range)
      x = active.goal.region.limited(x, around: originals)
    }
    active.leaveAll(as: best.images)
    return active.results
  }

  /// The gradients with length 1. Where they are zero, random numbers instead, which are much
  /// longer: they replace the direction of δ, and do not only turn it.
  private func direction(
    _ gradient: Tensor, _ sphere: ThreatModel, _ draws: ExampleDraws, in region: Region
  ) -> Tensor {
    let unit = sphere.step(gradient, size: 1)
    let isZero = Norm.linf.size(gradient).isAtMost(0)
    guard isZero.any().isTrue else { return unit }
    let random = region.limited(draws.normal(Array(gradient.shape.dropFirst())))
    return isZero.perImage(like: gradient).choose(random, else: unit)
  }

  /// The images with valid pixels, rounded to the levels.
  private func rounded(_ images: Tensor, in range: ClosedRange<Double>) -> Tensor {
    let valid = images.clamped(to: range)
    guard let levels else { return valid }
    let unit = range.width / Double(levels - 1)
    return (((valid - range.lowerBound) / unit).rounded * unit + range.lowerBound)
      .clamped(to: range)
  }
}
