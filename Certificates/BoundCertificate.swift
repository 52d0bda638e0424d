import Attacks
import ModelCore
import Support

/// A certificate from bounds of the logits: an image is certified for a size if the logit of its
/// label is larger than every other one for all perturbations of that size.
///
/// Sizes are tried in ascending order, and an image that is not certified for a size is not tried
/// for larger ones. What is certified for one size is so for all smaller ones.
protocol BoundCertificate: Certificate {
  /// A lower bound, for each image, of the smallest difference between the logit of its label and
  /// another one, `[M]`. An image is certified where it is positive.
  /// - Parameter step: called between the parts of a long computation; may throw, to stop.
  func margins(
    _ labels: Tensor, on set: InputSet, of classifier: any Classifier, _ step: () throws -> Void
  ) throws -> Tensor
}

extension BoundCertificate {
  /// Checks that all layers have bounds, and that the classifier treats each image by itself.
  public func check(_ classifier: any Classifier) throws {
    // Two images, since a program may have been written for a batch of one.
    let middle = (classifier.valueRange.lowerBound + classifier.valueRange.upperBound) / 2
    let input = Tensor.full(
      middle, shape: [2] + classifier.inputShape.sizes, device: classifier.device)
    let labels = Tensor.zeros([2], type: .int64, device: classifier.device)
    _ = try withoutGradients {
      try Relaxation(
        of: classifier, on: InputSet(Bounds(around: input, by: input * 0)), refining: false
      ).margins(labels)
    }
  }

  public func certify(
    _ images: Tensor, labels: Tensor, in region: Region, radii: [Double],
    of classifier: any Classifier, draws: ExampleDraws, _ done: (Int) throws -> Void
  ) throws -> [CertifiedImage] {
    try withoutGradients {
      let predictions = classifier.predictions(images)
      var found = [Double?](repeating: nil, count: images.shape[0])
      var active = predictions.equals(labels).nonzero.reshaped([-1])
      for radius in radii where active.count > 0 {
        let set = InputSet(
          around: images.indexSelect(0, active), by: radius, norm, in: region.at(active),
          classifier.valueRange)
        let margins = try margins(labels.indexSelect(0, active), on: set, of: classifier) {
          try done(images.shape[0] - active.count)
        }
        active = active.rows(where: margins.isGreater(than: 0))
        for place in active.int64s() { found[Int(place)] = radius }
        try done(images.shape[0] - active.count)
      }
      try done(images.shape[0])
      return zip(predictions.int64s(), found).map {
        CertifiedImage(prediction: $0 < 0 ? nil : Int($0), radius: $1)
      }
    }
  }
}

extension InputSet {
  /// The valid images at a distance of at most `radius` from the originals, in ℓ∞ or ℓ2, that
  /// differ from them in a region only.
  init(
    around originals: Tensor, by radius: Double, _ norm: Norm, in region: Region,
    _ range: ClosedRange<Double>
  ) {
    let move = region.limited(Tensor.full(radius, shape: originals.shape, device: originals.device))
    // The originals are in the range, so a feature outside of the region keeps its value.
    let box = Bounds(around: originals, by: move).clamped(to: range)
    precondition(norm == .linf || norm == .l2, "certificates are for ℓ∞ and ℓ2")
    self.init(
      box,
      within: norm == .l2
        ? Ball(
          around: originals, radius: radius, changeable: region.changeable.map { $0.to(.float32) })
        : nil)
  }
}
