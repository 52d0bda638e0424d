import ModelCore

/// A classifier that counts the images that went through it, and those whose gradient was asked for.
final class GradientCounter: Classifier, @unchecked Sendable {
  private let classifier: any Classifier
  private(set) var forwards = 0
  private(set) var gradients = 0

  init(_ classifier: any Classifier) {
    self.classifier = classifier
  }

  var inputShape: ImageShape { classifier.inputShape }
  var classCount: Int { classifier.classCount }
  var valueRange: ClosedRange<Double> { classifier.valueRange }
  var device: Device { classifier.device }

  func logits(_ images: Tensor) -> Tensor {
    forwards += images.shape[0]
    if images.isTracked { gradients += images.shape[0] }
    return classifier.logits(images)
  }
}
