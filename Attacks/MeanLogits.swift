import ModelCore

/// A classifier whose logits are the mean over several passes of another one, which computes with
/// random numbers.
///
/// It is the expectation over transformation for attacks that have no setting `eot` of their own.
/// Such an attack sees the mean logits, and their gradient is the mean of the gradients of the
/// passes. Unlike an attack that has the setting, it is done with an image when the mean logits
/// reach the goal, and not only when all passes do.
struct MeanLogits: Classifier {
  let classifier: any Classifier
  let draws: Int

  var inputShape: InputShape { classifier.inputShape }
  var classCount: Int { classifier.classCount }
  var valueRange: ClosedRange<Double> { classifier.valueRange }
  var device: Device { classifier.device }

  func logits(_ images: Tensor) -> Tensor {
    ExpectationOverDraws(draws: draws).mean { _ in classifier.logits(images) }
  }
}
