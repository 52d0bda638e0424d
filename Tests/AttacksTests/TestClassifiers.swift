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

/// A linear classifier with a bias for each class.
struct Biased: Classifier {
  var linear: LinearClassifier
  let bias: Tensor

  init(_ linear: LinearClassifier, _ bias: [Float]) {
    self.linear = linear
    self.bias = Tensor(bias, shape: [1, bias.count])
  }

  var inputShape: InputShape { linear.inputShape }
  var classCount: Int { linear.classCount }
  var valueRange: ClosedRange<Double> { linear.valueRange }
  var device: Device { linear.device }
  func logits(_ images: Tensor) -> Tensor { linear.logits(images) + bias }
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

/// Another classifier that sees each image in a batch of its own.
///
/// Matrix products add up in another order in batches of another size, and so round otherwise. Here
/// an image's logits and gradient do not depend on its batch, bit for bit.
struct OneByOne: Classifier {
  let classifier: any Classifier

  var inputShape: InputShape { classifier.inputShape }
  var classCount: Int { classifier.classCount }
  var valueRange: ClosedRange<Double> { classifier.valueRange }
  var device: Device { classifier.device }

  func logits(_ images: Tensor) -> Tensor {
    Tensor.concatenate((0..<images.shape[0]).map { classifier.logits(images.narrow(0, $0, 1)) })
  }
}
