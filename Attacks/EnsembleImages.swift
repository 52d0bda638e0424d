import ModelCore

/// The images of a batch on which several attacks run in turn, each on those that the attacks
/// before it did not fool.
///
/// An image is fooled if it reaches the goal in all draws of the expectation. It then leaves. Of
/// the adversarial images of every other image, the one that reaches the goal in the most draws is
/// kept; if none reaches it in any draw, the image is unchanged.
struct EnsembleImages {
  private(set) var active: ActiveImages
  private let expectation: ExpectationOverDraws
  private let classifier: any Classifier
  /// The share of draws in which the kept image reaches the goal, `[M]`.
  private var share: Tensor

  init(
    _ images: Tensor, _ goal: Goal, _ draws: ExampleDraws, _ expectation: ExpectationOverDraws,
    _ classifier: any Classifier
  ) {
    active = ActiveImages(images, goal, draws)
    self.expectation = expectation
    self.classifier = classifier
    share = Tensor.zeros([images.shape[0]], device: images.device)
  }

  /// Keeps those of the adversarial images `[M, …]` that are better than the ones before, and
  /// removes the images that are fooled.
  mutating func offer(_ found: Tensor) {
    let reached = expectation.share(of: active.goal, found, classifier)
    let better = reached.isGreater(than: share)
    active.x = better.perImage(like: found).choose(found, else: active.x)
    share = better.choose(reached, else: share)
    if let staying = active.leave(where: share.isAtLeast(1)) {
      share = share.indexSelect(0, staying)
    }
  }

  /// The whole batch, `[N, …]`: the best adversarial image of each image.
  var results: Tensor {
    var all = active
    all.leaveAll()
    return all.results
  }
}
