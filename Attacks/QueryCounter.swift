import ModelCore

/// A classifier that counts what goes through it: what an attack spent is measured by its caller.
public final class QueryCounter: Classifier, @unchecked Sendable {
  private let classifier: any Classifier
  private let gradients = GradientCounter()
  /// Images that went forward.
  public private(set) var forwards = 0
  /// Images whose gradients came back; an image counts for every gradient that is taken of its
  /// logits.
  public var backwards: Int { gradients.rows }

  public init(_ classifier: any Classifier) {
    self.classifier = classifier
  }

  public var inputShape: InputShape { classifier.inputShape }
  public var classCount: Int { classifier.classCount }
  public var valueRange: ClosedRange<Double> { classifier.valueRange }
  public var device: Device { classifier.device }

  public func logits(_ images: Tensor) -> Tensor {
    forwards += images.shape[0]
    let logits = classifier.logits(images)
    gradients.count(logits)
    return logits
  }
}
