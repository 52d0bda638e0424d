import ModelCore
import Support

/// The Jacobian-based saliency map attack (JSMA): changes few features, each by θ, until the
/// classifier predicts a target class t.
///
/// With the outputs Z of the classifier, α = ∂Z_t/∂x and β = Σ_{j≠t} ∂Z_j/∂x, each step chooses
/// among the features that were not changed before:
///
///     pair form:    p, q with the largest −(α_p + α_q)·(β_p + β_q),
///                   subject to α_p + α_q > 0 and β_p + β_q < 0
///     single form:  p with the largest α_p·|β_p|, subject to α_p ≥ 0 and β_p ≤ 0
///
/// These features increase the target's output and decrease the others. Only features below the
/// largest valid pixel take part. For θ < 0, all signs are reversed, and only features above the
/// smallest valid pixel take part. The attack ends for an image when it reaches the goal, when the
/// budget is used up, or when no features are admissible. In pictures, each channel of a pixel is a
/// feature.
///
/// The budget is γ, the share of the D features of an image that may change: ⌊Dγ/2⌋ pairs, or ⌊Dγ⌋
/// single features. For an untargeted goal, t is the most likely wrong class of the original image,
/// and any wrong class ends the attack. Use it to see how few pixels an attacker needs. Source: N.
/// Papernot et al. (2016).
public struct JacobianSaliencyMap: OnePathAttack, Configurable {
  public static let name = "jsma"
  public static let title = "Jacobian-based saliency map attack"
  public static let summary =
    "changes a share γ of the pixels, the most salient ones (Papernot et al. 2016)"
  public static let budgetSymbol = "γ"
  public static let budgetName = "gamma"
  public static let defaultGoal = GoalRule.next

  /// The number of features that a step changes.
  public enum Form: String, Sendable, CaseIterable {
    case pair, single
    var features: Int { self == .pair ? 2 : 1 }
  }

  public let norm = Norm.l0
  public var form: Form
  /// θ, the change of a chosen feature, in units of pixel values.
  public var theta: Double
  /// The outputs whose Jacobian is computed.
  public var source: OutputSource

  public init(_ form: Form = .pair, theta: Double = 1, source: OutputSource = .logits) {
    precondition(
      theta != 0 && theta.isFinite, "expected a θ that is finite and not 0, found \(theta)")
    self.form = form
    self.theta = theta
    self.source = source
  }

  public static let settings: [Setting<JacobianSaliencyMap>] = [
    .choice("form", \.form, "number of features that a step changes"),
    .double(
      "theta", \.theta, in: -1e6...1e6, "θ, the change of a chosen feature in pixel units, not 0"),
    .choice("source", \.source, "outputs that are differentiated"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
    guard theta != 0 else {
      throw Failure.badData(
        "\(settings.place(of: "theta")): theta: expected a number other than 0, found 0",
        hint: "for example theta: 1")
    }
  }

  /// The threat model of a budget γ: the number of features that whole steps may change.
  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    // In floating point 0.29·100 is 28.999…; 29 features are meant.
    let share = Double(classifier.inputShape.count) * min(budget, 1) + 1e-9
    return ThreatModel(
      norm, epsilon: Double(changes(within: share)), valueRange: classifier.valueRange)
  }

  /// The number of features that whole steps change if at most `features` may change.
  private func changes(within features: Double) -> Int {
    Int(features) / form.features * form.features
  }

  public func pathSweep(
    _ images: Tensor, _ goal: Goal, within threats: [ThreatModel],
    against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    // images [N, …]
    let size = images.shape.dropFirst().reduce(1, *)
    let allowed = threats.map { changes(within: min($0.epsilon, Double(size))) }
    let steps = (allowed.max() ?? 0) / form.features
    let pixels = images.floats()
    let changeable = goal.region.changeable?.to(.float32).floats()
    var walks = (0..<images.shape[0]).map { image in
      let features = (image * size)..<((image + 1) * size)
      return SaliencyWalk(
        Array(pixels[features]), theta: theta, in: classifier.valueRange,
        changing: changeable.map { $0[features].map { $0 > 0 } })
    }
    let targets = steps == 0 ? goal.focus : target(of: goal, images, classifier)
    // The images that have neither reached their goal nor run out of admissible features.
    var standing = Array(walks.indices)
    for _ in 0..<steps where !standing.isEmpty {
      let rows = Tensor(labels: standing).to(images.device)
      let x = Tensor(
        standing.flatMap { walks[$0].pixels }, shape: [standing.count] + images.shape.dropFirst())
      let map = SaliencyMap(
        at: x.to(images.device), goal.at(rows), towards: targets.indexSelect(0, rows), of: source,
        classifier)
      standing = standing.enumerated().filter { place, image in
        guard let (alpha, beta) = map.derivatives(place) else { return false }
        return walks[image].advance(form, alpha: alpha, beta: beta)
      }.map(\.element)
    }
    return allowed.map { count in
      Tensor(walks.flatMap { $0.pixels(after: count) }, shape: images.shape).to(images.device)
    }
  }

  private func target(of goal: Goal, _ images: Tensor, _ classifier: any Classifier) -> Tensor {
    goal.targets
      ?? LikeliestClasses.wrong(withoutGradients { classifier.logits(images) }, goal.focus, 1)[0]
  }
}
