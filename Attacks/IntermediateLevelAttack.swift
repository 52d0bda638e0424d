import Foundation
import ModelCore
import Support

/// The intermediate level attack (ILA, in its projection form): steps that lead as far as possible
/// in the direction that another attack takes in a layer of the network.
///
///     x ← project(x + step(∇ₓ ⟨F(x) − F(X), F(X′) − F(X)⟩, α)), from X, with α = ε / steps
///
/// F are the outputs of the layer, and X′ are the adversarial examples of the other attack. Where
/// X′ fits the source model alone, the direction in the layer still does so less than X′ itself,
/// and the examples transfer better to other models. Of some other attacks, they fool the source
/// model less often.
///
/// The level says which layer: level k is what the layer with weights number k + 1 receives,
/// counted as in the network's list of layers, where a block counts as one. Settings that this
/// attack does not have go to the attack named by `of`. A model whose layers are not known, such as
/// a program from another library or an ensemble, is attacked at its logits.
///
/// Use it for black-box attacks from a source model that is a layered network. Source: Q. Huang et
/// al. (2019), with their 10 steps and their I-FGSM (`bim`) as the other attack.
public struct IntermediateLevelAttack: Attack, Configurable {
  public static let name = "ila"
  public static let title = "intermediate level attack"
  public static let summary =
    "the direction of another attack (of=bim, …) in a layer, for transfer (Huang et al. 2019)"
  public static let defaultGoal = GoalRule.untargeted
  public var attack: any Attack
  /// The level; nil for the one in the middle of the network.
  public var level: Int?
  /// The number of steps after those of the other attack.
  public var steps: Int

  public init(of attack: any Attack = BasicIterativeMethod(), level: Int? = nil, steps: Int = 10) {
    self.attack = attack
    self.level = level
    self.steps = steps
  }

  public static let settings: [Setting<IntermediateLevelAttack>] = [
    .attack(
      "of", \.attack,
      among: {
        $0.searchesWithinBudget && !$0.runsAnotherAttack && !$0.isControl && $0.budgetIsSize
      },
      "attack whose direction is followed"),
    .optionalInt(
      "level", \.level, in: 1...10_000,
      "number of layers with weights before the level; if not given, half of them"),
    .int("levelSteps", \.steps, in: 1...100_000, "number of steps after the other attack's"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
    guard attack.norm != .l0 else {
      throw Failure.badData("\(Self.name): expected an attack in ℓ∞, ℓ2 or ℓ1, found one in ℓ0")
    }
  }

  public static let runsAnotherAttack = true
  public var needsPictures: Bool { attack.needsPictures }
  public var views: [any GradientView] {
    get { attack.views }
    set { attack.views = newValue }
  }
  public var dependencies: [String: String] { attack.dependencies }
  public var files: [URL] { attack.files }
  public var norm: Norm { attack.norm }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    attack.threat(budget, against: classifier)
  }

  /// Checks that the model has the level.
  /// - Throws: `Failure.usage` with the number of levels that there are.
  public func check(against classifier: any Classifier) throws {
    try attack.check(against: classifier)
    guard let level else { return }
    let count = LayerOutputs.levels(of: classifier)
    guard level <= count else {
      throw Failure.usage(
        "\(Self.name): the model has \(count) levels, found level \(level)",
        hint: count == 0 ? "leave out level, for a model whose layers are not known" : nil)
    }
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    // found [N, …]; direction [N, D], of length 1 where it is not zero
    let found = attack.perturb(
      images, goal, within: threat, against: classifier, draws: draws.purpose("other attack"))
    let layer = LayerOutputs(of: classifier, at: level)
    let moved = withoutGradients { layer.logits(found) - layer.logits(images) }
    let direction = moved / moved.square.sum([1], keep: true).squareRoot.maximum(1e-12)
    let steps = steps
    var ascent = GradientAscent(steps: steps) { $0 / Double(steps) }
    ascent.objective = { _, _, _ in { outputs, _, _ in (outputs * direction).sum([1]) } }
    return ascent.run(
      images, goal, within: threat, against: layer, draws: draws.purpose("projection"))
  }
}
