import ModelCore

/// The nearest images that reach the goal, of all those that a search has seen so far.
///
/// A search for the smallest perturbation crosses the boundary many times. Its result is not where
/// it ends, but the nearest image on its way that reached the goal.
struct NearestImages {
  /// The nearest image of each, `[M, …]`; the original where no image reached the goal.
  private(set) var images: Tensor
  /// The distance of each from its original, `[M]`; ∞ where no image reached the goal.
  private(set) var distance: Tensor

  init(_ originals: Tensor) {
    images = originals
    distance = Tensor.full(.infinity, shape: [originals.shape[0]], device: originals.device)
  }

  /// Whether an image that reaches the goal was found, `[M]`.
  var isFound: Tensor { distance.isFinite }

  /// Keeps those of the images `found` `[M, …]` that reach the goal and are nearer than before.
  /// - Parameters:
  ///   - reached: whether each image reaches the goal, `[M]`.
  ///   - size: the distance of each image from its original, `[M]`.
  mutating func offer(_ found: Tensor, where reached: Tensor, at size: Tensor) {
    let nearer = reached.and(size.isLess(than: distance))
    images = nearer.perImage(like: found).choose(found, else: images)
    distance = nearer.choose(size, else: distance)
  }

  /// Continues with the images at `rows`, int64 `[M]`, only.
  mutating func keep(_ rows: Tensor) {
    images = images.indexSelect(0, rows)
    distance = distance.indexSelect(0, rows)
  }
}

extension ActiveImages {
  /// The active images that a search for the smallest perturbation begins with: those that do not
  /// reach the goal already.
  static func searched(
    _ images: Tensor, _ goal: Goal, _ draws: ExampleDraws, _ classifier: any Classifier
  ) -> ActiveImages {
    var active = ActiveImages(images, goal, draws)
    active.leave(where: goal.isReached(classifier.predictions(images)))
    return active
  }

  /// The largest change of every active feature that keeps it valid and in the region, `[M, …]`.
  func room(in range: ClosedRange<Double>) -> Tensor {
    goal.region.limited((originals - range.lowerBound).maximum(range.upperBound - originals))
  }
}

extension ClosedRange<Double> {
  /// The difference of the largest and the smallest valid pixel. Published step sizes are shares of
  /// it, because they are stated for pixels from 0 to 1.
  var width: Double { upperBound - lowerBound }
}
