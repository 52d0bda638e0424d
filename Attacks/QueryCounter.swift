import ModelCore

/// A classifier that passes images on to another classifier and counts them. The caller of an
/// attack uses it to measure the cost of the attack, and to show its progress.
public final class QueryCounter: Classifier, @unchecked Sendable {
  let classifier: any Classifier
  private let gradients = GradientCounter()
  private let onPass: (_ passes: Int) -> Void
  /// The number of images that passed forward: the query count.
  public private(set) var forwards = 0
  /// The number of forward passes, each of some images.
  public private(set) var passes = 0
  /// The number of gradients computed, counted per image: an image counts once for each gradient of
  /// its logits.
  public var backwards: Int { gradients.rows }

  /// - Parameter onPass: called before each forward pass with the number of passes before it.
  public init(_ classifier: any Classifier, onPass: @escaping (_ passes: Int) -> Void = { _ in }) {
    self.classifier = classifier
    self.onPass = onPass
  }

  public var inputShape: InputShape { classifier.inputShape }
  public var classCount: Int { classifier.classCount }
  public var valueRange: ClosedRange<Double> { classifier.valueRange }
  public var device: Device { classifier.device }

  public func logits(_ images: Tensor) -> Tensor { counted(images, by: classifier) }

  /// The logits of the classifier or of a part of it. Both count as a pass of the classifier.
  func counted(_ images: Tensor, by part: any Classifier) -> Tensor {
    onPass(passes)
    passes += 1
    forwards += images.shape[0]
    let logits = part.logits(images)
    gradients.count(logits)
    return logits
  }

  /// Another classifier, whose passes also count as progress, but not as queries of this one. An
  /// attack that works on a model of its own tells the caller in this way that it is at work.
  func watching(_ other: any Classifier) -> any Classifier {
    QueryCounter(other) { [onPass] in onPass($0) }
  }
}
