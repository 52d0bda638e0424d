import ModelCore
import Support

/// The Jacobian-based saliency map attack: changes few features, each by θ, towards a target class
/// t. At each step, with α = ∂Z_t/∂x and β = Σ_{j≠t} ∂Z_j/∂x, it changes
///
///     pair form:    the p, q that maximise −(α_p + α_q)·(β_p + β_q), subject to α_p + α_q > 0 and β_p + β_q < 0
///     single form:  the p that maximises α_p·|β_p|, subject to α_p ≥ 0 and β_p ≤ 0
///
/// (θ < 0: signs reversed), among the features below the largest valid pixel (θ < 0: above the
/// smallest) that were not changed before. It stops on success, at its budget, or where no feature
/// is admissible. All channels' numbers are features.
///
/// A budget is γ, the share of the D features of an image that may change: ⌊Dγ/2⌋ pairs or ⌊Dγ⌋
/// single ones. An untargeted goal is pursued towards the class that the image's own logits make
/// the likeliest wrong one. Papernot et al., 2016.
public struct JacobianSaliencyMap: OnePathAttack, Configurable {
  public static let name = "jsma"
  public static let title = "Jacobian-based saliency map attack"
  public static let summary =
    "changes a share γ of the pixels, the most salient ones (Papernot et al. 2016)"
  public static let budgetSymbol = "γ"
  public static let budgetName = "gamma"
  public static let defaultGoal = GoalRule.next

  /// How many features a step changes.
  public enum Form: String, Sendable, CaseIterable {
    case pair, single
    var features: Int { self == .pair ? 2 : 1 }
  }

  public let norm = Norm.l0
  public var form: Form
  /// The change of a chosen feature, in pixel units.
  public var theta: Double
  /// What the Jacobian is taken of.
  public var source: OutputSource

  public init(_ form: Form = .pair, theta: Double = 1, source: OutputSource = .logits) {
    precondition(theta != 0 && theta.isFinite, "θ = \(theta) changes nothing")
    self.form = form
    self.theta = theta
    self.source = source
  }

  public static let settings: [Setting<JacobianSaliencyMap>] = [
    .choice("form", \.form, "features changed together"),
    .double(
      "theta", \.theta, in: -1e6...1e6, "change of a chosen feature in pixel units, up or down"),
    .choice("source", \.source, "what is differentiated"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
    guard theta != 0 else {
      throw Failure.badData(
        "\(settings.place(of: "theta")): theta: 0 would change nothing",
        hint: "for example theta: 1")
    }
  }

  /// A budget γ as the number of features it lets change.
  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    // 0.29 · 100 is 28.999… in floating point, and means 29.
    let share = Double(classifier.inputShape.count) * min(budget, 1) + 1e-9
    return ThreatModel(
      norm, epsilon: Double(changes(within: share)), valueRange: classifier.valueRange)
  }

  /// The features that whole steps within a number of features change.
  private func changes(within features: Double) -> Int {
    Int(features) / form.features * form.features
  }

  public func pathSweep(
    _ images: Tensor, _ goal: Goal, within threats: [ThreatModel],
    against classifier: any Classifier,
    draws: ExampleDraws
  ) -> [Tensor] {
    // images [N, C, H, W]
    let size = images.shape.dropFirst().reduce(1, *)
    let allowed = threats.map { changes(within: min($0.epsilon, Double(size))) }
    let steps = (allowed.max() ?? 0) / form.features
    let pixels = images.floats()
    var walks = (0..<images.shape[0]).map { image in
      SaliencyWalk(
        Array(pixels[(image * size)..<((image + 1) * size)]), theta: theta,
        in: classifier.valueRange)
    }
    let targets = steps == 0 ? goal.focus : target(of: goal, images, classifier)
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
