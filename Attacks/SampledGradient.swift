import ModelCore

/// A gradient that is estimated from logits alone, by pairs of points on both sides of an image.
///
///     g = mean over samples of (L(x + δ·v) − L(x − δ·v)) / 2δ · v,  with a random direction v
///
/// L is the margin. The quotient approximates the directional derivative ⟨∇L, v⟩. If the numbers of
/// v are independent with mean 0 and variance 1, the mean of ⟨∇L, v⟩·v over random v is ∇L.
struct SampledGradient {
  /// The number of pairs of points.
  let samples: Int
  /// δ, the length of v's unit, in pixel values.
  let distance: Double

  /// The number of images in one forward pass of the classifier. A pass exceeds it only if a single
  /// pair of points for each image does.
  private static let atOnce = 512

  /// The estimate for every active image, in the shape of the images.
  ///
  /// The direction of each sample has random numbers of its own, and samples are added one by one.
  /// The estimate therefore does not depend on how many samples pass through the classifier at
  /// once.
  /// - Parameter random: draws the numbers of a direction, in the shape of one image.
  func estimate(
    _ active: ActiveImages, _ classifier: any Classifier, _ draws: ExampleDraws,
    random: (_ draws: ExampleDraws, _ shape: [Int]) -> Tensor
  ) -> Tensor {
    withoutGradients {
      // x, directions (v) [M, …]; logits [2·S·M, K], slopes [S, M] for S samples at once
      let shape = active.x.shape
      let images = shape[0]
      let rows = Tensor.range(images, device: active.x.device)
      var total = active.x * 0
      for first in stride(from: 0, to: samples, by: max(1, Self.atOnce / (2 * images))) {
        let count = min(samples - first, max(1, Self.atOnce / (2 * images)))
        let directions = (first..<first + count).map {
          active.goal.region.limited(
            random(draws.purpose("sample \($0)"), Array(shape.dropFirst())))
        }
        let points =
          directions.map { active.x + $0 * distance } + directions.map { active.x - $0 * distance }
        let logits = classifier.logits(Tensor.concatenate(points))
        let goals = active.goal.at(
          Tensor.concatenate([Tensor](repeating: rows, count: 2 * count)))
        let losses = AttackLoss.margin.losses(logits, goals).reshaped([2, count, images])
        let slopes = (losses.select(0, 0) - losses.select(0, 1)) / (2 * distance)
        for (sample, direction) in directions.enumerated() {
          total = total + direction * slopes.select(0, sample).perImage(like: direction)
        }
      }
      return total / Double(samples)
    }
  }
}
