import Datasets
import Explanations
import ModelCore
import Support

extension MaskReliance {
  /// The number of features with the largest gradient components that are compared with the mask.
  static let topFeatures = 10

  /// Measures a model, batch by batch.
  /// - Parameters:
  ///   - contestant: the model.
  ///   - data: examples with masks, in the model's input shape.
  ///   - seed: the seed of the noise. The noise of an example depends on its place in the data and
  ///     not on the batch.
  ///   - done: called after each batch with the number of examples that are done.
  /// - Returns: nil if the data have no masks, or if no mask marks anything.
  public init?(
    of contestant: Contestant, on data: LabelledImages, plan: ReliancePlan = ReliancePlan(),
    seed: Seed, evaluator: Evaluator = Evaluator(), _ done: (Int) -> Void = { _ in }
  ) {
    guard data.hasMasks else { return nil }
    let classifier = contestant.classifier
    let sigmas = plan.sigmas(in: data.valueRange)
    var sums = Sums(noises: sigmas.count)
    for range in evaluator.batches(data.count) {
      let batch = data.batch(range)
      let all = batch.annotations.masks ?? batch.images * 0
      let rows = all.flattened.max([1]).isGreater(than: 0).nonzero.reshaped([-1])
      if rows.count > 0 {
        let marked = Batch(
          images: batch.images.indexSelect(0, rows),
          annotations: Annotations(
            labels: batch.labels.indexSelect(0, rows), masks: all.indexSelect(0, rows)),
          places: rows.int64s().map { batch.places[Int($0)] })
        sums.add(marked.to(classifier.device), classifier, sigmas, plan, seed, data.valueRange)
      }
      done(range.upperBound)
    }
    guard sums.images > 0 else { return nil }
    let explained = Double(sums.explained)
    self.init(
      model: contestant.name, images: sums.images, correct: sums.correct,
      maskedShare: (sums.masked / Double(sums.images)).roundedToMillionths,
      clipped: plan.isClipped,
      noises: sigmas.enumerated().map {
        Noise(
          sigma: $1, correctInside: sums.inside[$0], correctOutside: sums.outside[$0],
          correct: sums.correct, of: sums.images)
      },
      threshold: plan.threshold, explained: sums.explained,
      largeShare: sums.explained == 0 ? nil : (sums.large / explained).roundedToMillionths,
      topCount: min(Self.topFeatures, data.shape.count),
      topMarked: sums.explained == 0 ? nil : (sums.top / explained).roundedToMillionths)
  }
}

/// The sums over the examples so far.
private struct Sums {
  var (images, correct, explained) = (0, 0, 0)
  var (masked, large, top) = (0.0, 0.0, 0.0)
  var inside: [Int]
  var outside: [Int]

  init(noises: Int) {
    inside = [Int](repeating: 0, count: noises)
    outside = inside
  }

  mutating func add(
    _ batch: Batch, _ classifier: any Classifier, _ sigmas: [Double], _ plan: ReliancePlan,
    _ seed: Seed, _ range: ClosedRange<Double>
  ) {
    // images, masks, noise [n, C, H, W] or [n, D], labels [n]
    let images = batch.images
    let masks = (batch.annotations.masks ?? images * 0).expanded(images.shape)
    func right(_ images: Tensor) -> Int {
      Int(classifier.predictions(images).equals(batch.labels).to(.int64).sum().scalar)
    }
    self.images += batch.count
    correct += right(images)
    masked += masks.flattened.mean([1]).to(.float64).sum().scalar
    let draws = ExampleDraws(seed, examples: batch.places, device: images.device)
    let noise = draws.purpose("mask noise").normal(Array(images.shape.dropFirst()))
    for (place, sigma) in sigmas.enumerated() {
      func noisy(_ part: Tensor) -> Tensor {
        let moved = images + part * noise * sigma
        return plan.isClipped ? moved.clamped(to: range) : moved
      }
      inside[place] += right(noisy(masks))
      outside[place] += right(noisy(1 - masks))
    }
    let explanations = ExplainedScalar.sumOfLogProbabilities.explanations(
      of: classifier, at: images, labels: batch.labels)
    explain(explanations, masks, plan)
  }

  /// Adds the shares of marked features among those with large gradients.
  private mutating func explain(_ gradients: Tensor, _ masks: Tensor, _ plan: ReliancePlan) {
    // gradients, masks [n, …]; sizes, marks [n, D]
    let sizes = gradients.absolute.flattened
    let isExplained = sizes.isFinite.all([1]).and(sizes.max([1]).isGreater(than: 0))
    let rows = isExplained.nonzero.reshaped([-1])
    guard rows.count > 0 else { return }
    explained += rows.count
    let (known, marks) = (sizes.indexSelect(0, rows), masks.flattened.indexSelect(0, rows))
    let isLarge = known.largeComponents(above: plan.threshold).to(.float32)
    large += ((isLarge * marks).sum([1]) / isLarge.sum([1])).to(.float64).sum().scalar
    let most = min(MaskReliance.topFeatures, known.shape[1])
    let indices = known.topK(most, 1).indices
    top += marks.gather(1, indices).to(.float64).sum().scalar
  }
}
