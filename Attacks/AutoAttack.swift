import ModelCore
import Support

/// AutoAttack, the standard ensemble of four attacks: APGD on the cross-entropy, APGD towards
/// targets on the difference of logits ratio, FAB towards targets, and Square.
///
/// Each attack works only on the images that the attacks before it did not fool. The ensemble has
/// no step size to choose, and it includes an attack without gradients, which also succeeds where
/// gradients are masked. Use it to confirm a robust accuracy. Source: F. Croce and M. Hein (2020).
///
/// Against a model that computes with random numbers, all four attacks need several draws
/// (`ExpectationOverDraws`). With one draw, an image leaves the ensemble as soon as it has fooled
/// the model once, which a later evaluation need not repeat.
public struct AutoAttack: Attack, Configurable {
  public static let name = "autoattack"
  public static let title = "AutoAttack"
  public static let summary =
    "APGD-CE, APGD-T, FAB-T and Square in turn; ℓ∞ or ℓ2 (Croce & Hein 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  public var steps: Int
  public var queries: Int
  public var expectation: ExpectationOverDraws
  /// The number of wrong classes that the targeted attacks try, from the most likely one on.
  public static let classes = 9

  public init(
    norm: Norm = .linf, steps: Int = 100, queries: Int = 5000,
    over expectation: ExpectationOverDraws = ExpectationOverDraws()
  ) {
    self.norm = norm
    self.steps = steps
    self.queries = queries
    self.expectation = expectation
  }

  public static let settings: [Setting<AutoAttack>] = [
    .norm(\.norm, of: [.linf, .l2]),
    .int("steps", \.steps, in: 1...100_000, "number of steps of each gradient attack"),
    .int("queries", \.queries, in: 1...10_000_000, "query budget of Square for each image"),
    .group(\.expectation),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public var needsPictures: Bool { true }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    var ensemble = EnsembleImages(images, goal, draws, expectation, classifier)
    ensemble.offer(images)
    for member in Member.allCases where !ensemble.active.isEmpty {
      let (active, own) = (ensemble.active, ensemble.active.draws.purpose(member.rawValue))
      func run(_ attack: any Attack) -> Tensor {
        attack.perturb(
          active.originals, active.goal, within: threat, against: classifier, draws: own)
      }
      switch member {
      case .ascent:
        ensemble.offer(run(AutoProjectedGradient(norm: norm, steps: steps, over: expectation)))
      case .targetedAscent:
        ensemble.offer(targetedAscent(active.originals, active.goal, threat, classifier, own))
      case .boundary:
        ensemble.offer(
          run(
            FastAdaptiveBoundary(
              norm: norm, steps: steps, classes: Self.classes, over: expectation)))
      case .square:
        ensemble.offer(run(SquareAttack(norm: norm, queries: queries, over: expectation)))
      }
    }
    return ensemble.results
  }

  /// The four attacks, in the order in which they run.
  private enum Member: String, CaseIterable {
    case ascent, targetedAscent, boundary, square
  }

  /// Runs APGD towards each of the most likely wrong classes in turn, on the images that are not
  /// fooled yet.
  private func targetedAscent(
    _ images: Tensor, _ goal: Goal, _ threat: ThreatModel, _ classifier: any Classifier,
    _ draws: ExampleDraws
  ) -> Tensor {
    let ascent = AutoProjectedGradient(
      norm: norm, steps: steps, loss: .logitsRatio, over: expectation)
    let logits = withoutGradients { expectation.mean { _ in classifier.logits(images) } }
    let targets =
      goal.targets.map { [$0] } ?? LikeliestClasses.wrong(logits, goal.focus, Self.classes)
    var ensemble = EnsembleImages(images, goal, draws, expectation, classifier)
    for (rank, target) in targets.enumerated() where !ensemble.active.isEmpty {
      let active = ensemble.active
      let towards = Goal.towards(
        target.indexSelect(0, active.places), from: active.goal.labels ?? active.goal.focus)
      ensemble.offer(
        ascent.run(
          active.originals, climbing: towards, until: active.goal, within: threat,
          against: classifier, draws: active.draws.purpose("rank \(rank)")))
    }
    return ensemble.results
  }
}
