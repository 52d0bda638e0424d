import ModelCore

/// A search that tries candidates of each image in turn and keeps the best one.
///
/// An image leaves with the first candidate that reaches the goal. Otherwise the candidate with the
/// largest loss is kept, or the image itself if no candidate has a larger loss than it.
struct BestCandidates {
  private let expectation: ExpectationOverDraws
  private let loss: AttackLoss
  private let classifier: any Classifier
  /// The images that are searched for; their present state is the best candidate so far.
  private(set) var active: ActiveImages
  /// The losses of the best candidates, `[M]`.
  private var losses: Tensor

  /// Looks at the unchanged images; those that reach the goal leave.
  init(
    _ images: Tensor, _ goal: Goal, _ draws: ExampleDraws, _ classifier: any Classifier,
    by loss: AttackLoss, over expectation: ExpectationOverDraws
  ) {
    self.expectation = expectation
    self.loss = loss
    self.classifier = classifier
    active = ActiveImages(images, goal, draws)
    losses = Tensor.zeros([0])
    let first = look(images)
    losses = first.losses
    leave(where: first.reached)
  }

  /// Takes the candidates `[M, …]` that reach the goal or have a larger loss than the best so far.
  mutating func offer(_ candidates: Tensor) {
    let seen = look(candidates)
    let better = seen.losses.isGreater(than: losses).or(seen.reached)
    active.x = better.perImage(like: active.x).choose(candidates, else: active.x)
    losses = better.choose(seen.losses, else: losses)
    leave(where: seen.reached)
  }

  /// The whole batch, `[N, …]`, at the end of the search.
  mutating func finish() -> Tensor {
    active.leaveAll()
    return active.results
  }

  /// The losses of the active images in another state, and whether they reach the goal in all
  /// draws, `[M]`.
  private func look(_ x: Tensor) -> (losses: Tensor, reached: Tensor) {
    let seen = expectation.query(x, active.goal, classifier) { loss.losses($0, active.goal) }
    return (seen.losses.comparable, seen.share.isAtLeast(1))
  }

  private mutating func leave(where reached: Tensor) {
    if let staying = active.leave(where: reached) { losses = losses.indexSelect(0, staying) }
  }
}
