import ModelCore
import Support

/// The spatial attack: of many rotations and translations of a picture, the one that a classifier
/// copes with worst.
///
/// A picture is rotated about its centre and then moved, with bilinear interpolation; what comes in
/// from outside is black (the smallest valid value). The candidates are a grid of angles and of
/// places, or `k` random ones. They are tried from the smallest to the largest, or in the order in
/// which they are drawn. A picture leaves with the first candidate that reaches the goal; otherwise
/// the one with the largest loss remains, which may be the picture itself. The loss is the margin,
/// or, for a target, the cross-entropy. The attack uses logits only.
///
/// The budget is a factor from 0 to 1 of the largest rotation and translation. A rotation changes
/// pixels by any amount, so every valid picture is allowed for a factor above 0, and the attack is
/// not compared with others at equal budgets.
///
/// The published translation is 3 pixels for sides of 28 and 32 pixels and 24 for photographs; here
/// it is a tenth of the side. Use it to see whether a model that withstands small changes of pixels
/// also withstands moves that nobody would notice. Source: L. Engstrom et al., "Exploring the
/// Landscape of Spatial Robustness" (2019).
public struct SpatialTransformation: Attack, Configurable {
  public static let name = "spatial"
  public static let title = "spatial attack"
  public static let summary =
    "the worst rotation and translation, by a grid or at random, from logits (Engstrom et al. 2019)"
  public static let budgetSymbol = "factor"
  public static let budgetName = "factors"
  public static let budgetIsSize = false
  public static let defaultGoal = GoalRule.untargeted

  /// How candidates are chosen.
  public enum Search: String, Sendable, CaseIterable {
    /// All combinations of equally spaced angles and translations.
    case grid
    /// Random angles and translations, the worst of k.
    case random
  }

  public let norm = Norm.linf
  public let needsPictures = true
  public var usesGradients: Bool { false }
  public var search: Search
  /// The largest rotation in degrees, in both directions.
  public var rotation: Double
  /// The largest translation as a share of the height and of the width, in both directions.
  public var translation: Double
  /// The number of angles of the grid.
  public var rotations: Int
  /// The number of places of the grid along each side.
  public var translations: Int
  /// The number of random candidates.
  public var k: Int
  public var expectation: ExpectationOverDraws

  public init(
    _ search: Search = .grid, rotation: Double = 30, translation: Double = 0.1,
    rotations: Int = 31, translations: Int = 5, k: Int = 10,
    over expectation: ExpectationOverDraws = ExpectationOverDraws()
  ) {
    self.search = search
    self.rotation = rotation
    self.translation = translation
    self.rotations = rotations
    self.translations = translations
    self.k = k
    self.expectation = expectation
  }

  public static let settings: [Setting<SpatialTransformation>] = [
    .choice("search", \.search, "how rotations and translations are chosen"),
    .double("rotation", \.rotation, in: 0...180, "largest rotation in degrees"),
    .double("translation", \.translation, in: 0...1, "largest translation, a share of each side"),
    .int("rotations", \.rotations, in: 1...100_000, "angles of the grid"),
    .int("translations", \.translations, in: 1...10_000, "places of the grid along each side"),
    .int("k", \.k, in: 1...10_000_000, "random candidates"),
    .group(\.expectation),
  ]

  /// The most candidates of a grid.
  private static let mostCandidates = 1_000_000

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
    guard search == .random || candidates <= Self.mostCandidates else {
      throw Failure.badData(
        "\(settings.place): spatial: \(rotations) rotations and \(translations) translations along "
          + "each side are \(candidates) candidates, at most \(Self.mostCandidates) are allowed",
        hint: "use fewer rotations or translations, or search: random")
    }
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    .anyImage(budget: budget, valueRange: classifier.valueRange)
  }

  public func check(
    budget: Double, of subject: String, in valueRange: ClosedRange<Double>, features: Int
  ) throws {
    guard (0...1).contains(budget) else {
      throw Failure.usage(
        "\(subject): expected a factor from 0 to 1, found \(budget.plainDecimal)",
        hint: "the settings rotation and translation say how far the factor 1 goes")
    }
  }

  /// The number of candidates for each picture.
  var candidates: Int { search == .grid ? rotations * translations * translations : k }

  /// A budget above 1 counts as 1.
  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    let factor = min(threat.budget, 1)
    guard factor > 0 else { return images }
    let grid = search == .grid ? PicturePlacement.grid(rotations, translations) : []
    var best = BestCandidates(
      images, goal, draws, classifier, by: goal.isTargeted ? .crossEntropy : .margin,
      over: expectation)
    for number in 0..<candidates where !best.active.isEmpty {
      let active = best.active
      let shares =
        search == .grid
        ? [PicturePlacement](repeating: grid[number], count: active.x.shape[0])
        : PicturePlacement.random(active.draws.purpose("candidate \(number)"))
      let moved = active.originals.placed(
        shares.map { $0.scaled(degrees: rotation * factor, share: translation * factor) },
        background: threat.valueRange.lowerBound)
      best.offer(
        active.goal.region.limited(
          moved.clamped(to: threat.valueRange), around: active.originals))
    }
    return best.finish()
  }
}
