import ModelCore
import Support

/// A classifier that gives every image the same logits: its gradient is zero everywhere.
struct ConstantClassifier: Classifier {
  let inputShape: InputShape
  let classCount: Int
  let valueRange = 0.0...1.0
  let device = Device.cpu

  func logits(_ images: Tensor) -> Tensor {
    // Depends on the images, by a factor of zero.
    images.flattened.sum([1], keep: true) * 0
      + Tensor.range(classCount).to(.float32).reshaped([1, -1])
  }
}

/// A linear classifier whose weights are zero for some pixels.
struct LinearClassifier: Classifier {
  let inputShape: InputShape
  /// `[K, C·H·W]`
  let weight: Tensor
  var valueRange = 0.0...1.0
  let device = Device.cpu
  var classCount: Int { weight.shape[0] }

  func logits(_ images: Tensor) -> Tensor { images.flattened.linear(weight, bias: nil) }
}

/// A classifier that gives chosen logits, whatever the images.
struct ChosenClassifier: Classifier {
  let inputShape = InputShape(channels: 1, height: 2, width: 2)
  /// `[N, K]`
  let chosen: Tensor
  let valueRange = 0.0...1.0
  let device = Device.cpu
  var classCount: Int { chosen.shape[1] }

  func logits(_ images: Tensor) -> Tensor { chosen }
}

/// Another classifier, and how often it was asked.
final class CountingClassifier: Classifier, @unchecked Sendable {
  let counted: any Classifier
  private(set) var calls = 0

  init(_ counted: any Classifier) { self.counted = counted }

  var inputShape: InputShape { counted.inputShape }
  var classCount: Int { counted.classCount }
  var valueRange: ClosedRange<Double> { counted.valueRange }
  var device: Device { counted.device }

  func logits(_ images: Tensor) -> Tensor {
    calls += 1
    return counted.logits(images)
  }
}
