import ModelCore

/// A classifier that passes images on to another classifier and counts them. The caller of an
/// attack uses it to measure the cost of the attack.
public final class QueryCounter: Classifier, @unchecked Sendable {
  private let classifier: any Classifier
  private let gradients = GradientCounter()
  /// The number of images that passed forward: the query count.
  public private(set) var forwards = 0
  /// The number of gradients computed, counted per image: an image counts once for each gradient of
  /// its logits.
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
