import Foundation
import ModelCore
import Support

/// The Square attack: random search with squares of pixels, from logits alone.
///
/// At each query, one square of the image changes at random. The change is kept if it increases the
/// loss. The squares become smaller with the number of queries, and an image leaves once it reaches
/// the goal. The loss is the margin, or, for a target, the cross-entropy. An image whose search
/// ends with a smaller loss than it began with is unchanged.
///
/// The squares of a query are at the same place in all images, as in AutoAttack; their signs are
/// random for each image. Where images may change only in a region, each image has squares of its
/// own, at its region. `SquareMoves` explains the changes. Use it against a model that hides its
/// gradients. Source: M. Andriushchenko et al. (2020); F. Croce and M. Hein (2020).
public struct SquareAttack: Attack, Configurable {
  public static let name = "square"
  public static let title = "Square attack"
  public static let summary =
    "random search with squares, from logits alone; ℓ∞ or ℓ2 (Andriushchenko et al. 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  /// The query budget: the number of forward passes for each image, after the one for the image
  /// itself. With several draws, each query is as many passes.
  public var queries: Int
  /// p, the share of an image that the first squares cover.
  public var share: Double
  public var expectation: ExpectationOverDraws

  public init(
    norm: Norm = .linf, queries: Int = 5000, share: Double = 0.8,
    over expectation: ExpectationOverDraws = ExpectationOverDraws()
  ) {
    self.norm = norm
    self.queries = queries
    self.share = share
    self.expectation = expectation
  }

  public var usesGradients: Bool { false }

  public static let settings: [Setting<SquareAttack>] = [
    .norm(\.norm, of: [.linf, .l2]),
    .int(
      "queries", \.queries, in: 1...10_000_000, "query budget for each image"),
    .double(
      "share", \.share, in: 1e-6...1, "share of an image that the first squares cover"),
    .group(\.expectation),
  ]

  public let needsPictures = true

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    guard threat.epsilon > 0 else { return images }
    let moves: any SquareMoves =
      norm == .l2 ? BumpSquares(threat: threat) : StripeSquares(threat: threat)
    return withoutGradients { search(images, goal, moves, classifier, draws) }
  }

  private func search(
    _ images: Tensor, _ goal: Goal, _ moves: any SquareMoves, _ classifier: any Classifier,
    _ draws: ExampleDraws
  ) -> Tensor {
    // images [N, C, H, W]; clean (the losses of the originals), losses, reached [M]; the reached
    // are those that reach the goal in all draws
    let channels = images.shape[1]
    let loss: AttackLoss = goal.isTargeted ? .crossEntropy : .margin
    func look(_ images: Tensor, _ goal: Goal) -> (losses: Tensor, reached: Tensor) {
      let seen = expectation.query(images, goal, classifier) { loss.losses($0, goal) }
      return (seen.losses, seen.share.isAtLeast(1))
    }
    var active = ActiveImages(images, goal, draws)
    let first = look(images, goal)
    var clean = first.losses
    var losses = first.losses
    func keep(_ rows: Tensor?) {
      guard let rows else { return }
      clean = clean.indexSelect(0, rows)
      losses = losses.indexSelect(0, rows)
    }
    keep(active.leave(where: first.reached))
    guard !active.isEmpty else { return active.results }
    // The search continues from the start, even if its loss is smaller than that of the image: as
    // published, it compares perturbations of size ε only.
    active.x = moves.start(
      active.originals, in: active.goal.region, active.draws.purpose("start"))
    var seen = look(active.x, active.goal)
    losses = seen.losses
    keep(active.leave(where: seen.reached))
    for query in 1..<max(queries, 1) where !active.isEmpty {
      let own = active.draws.purpose("query \(query)")
      let candidate = moves.next(
        active.x, around: active.originals, in: active.goal.region, share: shrunkShare(query),
        signs: own.purpose("signs").signs([channels, 1, 1]), own)
      seen = look(candidate, active.goal)
      let better = seen.losses.isGreater(than: losses).or(seen.reached)
      active.x = better.perImage(like: active.x).choose(candidate, else: active.x)
      losses = better.choose(seen.losses, else: losses)
      keep(active.leave(where: seen.reached))
    }
    active.x = losses.isGreater(than: clean).perImage(like: active.x).choose(
      active.x, else: active.originals)
    active.leaveAll()
    return active.results
  }

  /// The share p at a query. It is halved at fixed queries, which are published for a budget of
  /// 10,000 and scaled to other budgets.
  private func shrunkShare(_ query: Int) -> Double {
    let moment = Double(query - 1) / Double(queries) * 10_000
    let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000].count {
      Double($0) < moment.rounded(.down)
    }
    return share * pow(0.5, Double(halvings))
  }
}
