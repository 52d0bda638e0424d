import Datasets
import Defenses
import ModelCore

/// Where the reasons of a model lie (`Classifier.reasons`), compared with those of the models before
/// it and with the masks of the data.
struct ReasonMeasurement {
  /// The number of images, and how many of them have a gradient that is finite and not zero.
  let images: Int
  let explained: Int
  /// The mean share of all components that are large.
  let largeShare: Double?
  /// The mean shares of the large components that lie in the masks that the model was trained with,
  /// in the reasons of each earlier model, and in the masks of the data.
  let inUnion: Double?
  let inEarlier: [Double]
  let inMask: Double?
  /// The share of the explained images in which each feature of a row, or each pixel of a picture in
  /// any of its channels, is large.
  let map: [Double]

  /// - Parameters:
  ///   - classifier: the model.
  ///   - earlier: the models before it.
  ///   - data: the training images.
  ///   - cutoff: c of the large components.
  ///   - addsMasks: whether the masks of the data belong to the union.
  ///   - done: called after each batch with the number of images that are done.
  init(
    of classifier: any Classifier, after earlier: [any Classifier], on data: LabelledImages,
    cutoff: Double, addsMasks: Bool, evaluator: Evaluator, _ done: (Int) -> Void = { _ in }
  ) {
    var sums = Sums(earlier: earlier.count, features: data.shape)
    for range in evaluator.batches(data.count) {
      let batch = data.batch(range).to(classifier.device)
      let large = classifier.reasons(at: batch.images, above: cutoff)
      let others = earlier.map { $0.reasons(at: batch.images, above: cutoff) }
      let masks = batch.annotations.masks.map { $0.expanded(batch.images.shape) }
      let known = ReasonUnion.joined(others, addsMasks ? masks : nil)
      sums.add(large, union: known, earlier: others, masks: masks)
      done(range.upperBound)
    }
    let count = Double(sums.explained)
    func mean(_ sum: Double?) -> Double? {
      sums.explained == 0 ? nil : sum.map { ($0 / count).roundedToMillionths }
    }
    images = data.count
    explained = sums.explained
    largeShare = mean(sums.large)
    inUnion = mean(sums.union)
    inEarlier = sums.earlier.compactMap(mean)
    inMask = mean(sums.masks)
    map = sums.map.floats().map {
      sums.explained == 0 ? 0 : (Double($0) / count).roundedToMillionths
    }
  }
}

/// The union of the reasons of several models.
enum ReasonUnion {
  /// The union of masks of one batch, with the masks of the data if they are given: bool, or float32
  /// from 0 to 1 with the latter. nil if there is nothing to join.
  static func joined(_ reasons: [Tensor], _ masks: Tensor?) -> Tensor? {
    // reasons bool, masks float32, all in the shape of the images
    guard let first = reasons.first else { return masks }
    let found = reasons.dropFirst().reduce(first) { $0.or($1) }
    return masks.map { $0.maximum(found.to(.float32)) } ?? found
  }

  /// The masks of all images: uint8 of 0 and 1, or float32 with the masks of the data, in `[N]` and
  /// the shape of an image, on the CPU.
  static func masks(
    of models: [any Classifier], on data: LabelledImages, cutoff: Double, addsMasks: Bool,
    evaluator: Evaluator
  ) -> Tensor {
    let parts = evaluator.batches(data.count).map { range -> Tensor in
      let batch = data.batch(range)
      let reasons = models.map {
        $0.reasons(at: batch.images.to($0.device), above: cutoff).to(.cpu)
      }
      let masks = addsMasks ? batch.annotations.masks?.expanded(batch.images.shape) : nil
      guard let union = joined(reasons, masks) else {
        preconditionFailure("the union of no models was asked for")
      }
      return masks == nil ? union.to(.uint8) : union.contiguous
    }
    return Tensor.concatenate(parts)
  }
}

/// The sums over the images so far.
private struct Sums {
  var explained = 0
  var large = 0.0
  var union: Double?
  var earlier: [Double]
  var masks: Double?
  /// float64, one number for each feature of a row or pixel of a picture
  var map: Tensor

  init(earlier count: Int, features: InputShape) {
    earlier = [Double](repeating: 0, count: count)
    let places = features.isPicture ? features.height * features.width : features.count
    map = Tensor.zeros([places])
  }

  mutating func add(_ large: Tensor, union: Tensor?, earlier: [Tensor], masks: Tensor?) {
    // all in the shape of the images, [n, C, H, W] or [n, D]; marks [m, …], counts [m]
    let rows = large.flattened.any([1]).nonzero.reshaped([-1])
    guard rows.count > 0 else { return }
    let marks = large.indexSelect(0, rows).to(.float32)
    let flat = marks.flattened
    let counts = flat.sum([1])
    func shares(_ other: Tensor) -> Double {
      let inside = flat * other.indexSelect(0, rows).to(.float32).flattened
      return (inside.sum([1]) / counts).to(.float64).sum().scalar
    }
    explained += rows.count
    self.large += flat.mean([1]).to(.float64).sum().scalar
    if let union { self.union = (self.union ?? 0) + shares(union) }
    for (place, other) in earlier.enumerated() { self.earlier[place] += shares(other) }
    if let masks { self.masks = (self.masks ?? 0) + shares(masks) }
    let places = marks.rank == 4 ? marks.max([1]).flattened : flat
    map = map + places.sum([0]).to(.cpu)
  }
}
