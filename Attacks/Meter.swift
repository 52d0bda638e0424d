import ModelCore

/// A classifier that counts what goes through it: what an attack spent is measured by its caller.
public final class Meter: Classifier, @unchecked Sendable {
  private let classifier: any Classifier
  /// Images that went forward.
  public private(set) var forwards = 0
  /// Images among them whose gradient could be asked for.
  public private(set) var backwards = 0

  public init(_ classifier: any Classifier) {
    self.classifier = classifier
  }

  public var inputShape: ImageShape { classifier.inputShape }
  public var classCount: Int { classifier.classCount }
  public var valueRange: ClosedRange<Double> { classifier.valueRange }
  public var device: Device { classifier.device }

  public func logits(_ images: Tensor) -> Tensor {
    forwards += images.shape[0]
    if images.isTracked { backwards += images.shape[0] }
    return classifier.logits(images)
  }
}
