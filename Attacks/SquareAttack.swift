import Foundation
import ModelCore
import Support

/// The Square attack: random search over squares of pixels, from logits alone. A change is kept
/// where it brings the image nearer the goal; squares get smaller with time, and an image leaves
/// once it reaches the goal.
///
/// It climbs the margin, and for a target the cross-entropy. A search that ends worse than the
/// image it began with leaves that image as it was. All images of a batch share the squares'
/// places, as in AutoAttack; signs are each image's own. Andriushchenko et al., 2020; Croce & Hein,
/// 2020.
public struct SquareAttack: Attack, Configurable {
  public static let name = "square"
  public static let title = "Square attack"
  public static let summary =
    "random squares, kept where they help; logits only; ℓ∞ or ℓ2 (Andriushchenko et al. 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public var norm: Norm
  /// How often each image's logits are asked for, after the first look at the image itself.
  public var queries: Int
  /// p: the share of an image that the first squares cover.
  public var share: Double

  public init(norm: Norm = .linf, queries: Int = 5000, share: Double = 0.8) {
    self.norm = norm
    self.queries = queries
    self.share = share
  }

  public static let settings: [Setting<SquareAttack>] = [
    .norm(\.norm, of: [.linf, .l2]),
    .int(
      "queries", \.queries, in: 1...10_000_000, "how often each image's logits are asked for"),
    .double(
      "share", \.share, in: 1e-6...1, "share of the image that the first squares cover"),
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
    // images [N, C, H, W], losses [M], reached [M]
    let channels = images.shape[1]
    let loss: AttackLoss = goal.isTargeted ? .crossEntropy : .margin
    func look(_ images: Tensor, _ goal: Goal) -> (losses: Tensor, reached: Tensor) {
      let logits = classifier.logits(images)
      return (loss.losses(logits, goal), goal.isReached(logits.predictedClasses))
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
    // The search goes on from the start even where that is worse than the image: only there do
    // squares move by the whole ε.
    active.x = moves.start(active.originals, active.draws.purpose("start"))
    var seen = look(active.x, active.goal)
    losses = seen.losses
    keep(active.leave(where: seen.reached))
    for query in 1..<max(queries, 1) where !active.isEmpty {
      let side = moves.side(
        share: shrunkShare(query), height: images.shape[2], width: images.shape[3])
      let own = active.draws.purpose("query \(query)")
      let candidate = moves.next(
        active.x, around: active.originals, side: side,
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

  /// p at a query: halved at fixed moments, which are published for 10,000 queries and scale with
  /// their number.
  private func shrunkShare(_ query: Int) -> Double {
    let moment = Double(query - 1) / Double(queries) * 10_000
    let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000].count {
      Double($0) < moment.rounded(.down)
    }
    return share * pow(0.5, Double(halvings))
  }
}
