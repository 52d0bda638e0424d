import Evaluation
import Foundation
import ModelCore
import Support

@testable import HumanStudy

/// Example sets that no attack has made: grey images of 4 x 4 pixels, of which the first pixel says
/// which class their source model predicts.
enum SampleSets {
  /// Makes examples of every image, one towards every other class.
  /// - Parameters:
  ///   - perClass: the number of images of each class. Image i has the class i modulo `classes`.
  ///   - targeted: whether the examples have targets; otherwise there is one example of each image.
  ///   - fools: whether the example of image `number` of class `label` fools its model into
  ///     predicting `target`.
  static func set(
    _ source: String, attack: String = "jsma", classes: Int = 4, perClass: Int = 6,
    targeted: Bool = true,
    fools: (_ label: Int, _ number: Int, _ target: Int) -> Bool = { _, _, _ in true }
  ) -> ExampleSet {
    var (indices, labels, targets, predicted): ([Int64], [Int64], [Int64], [Int64]) = (
      [], [], [], []
    )
    var (originals, adversarial): ([Float], [Float]) = ([], [])
    for index in 0..<classes * perClass {
      let (label, number) = (index % classes, index / classes)
      for target in (0..<classes).filter({ $0 != label }).prefix(targeted ? classes : 1) {
        let fooled = fools(label, number, target)
        indices.append(Int64(index))
        labels.append(Int64(label))
        targets.append(targeted ? Int64(target) : -1)
        predicted.append(Int64(fooled ? target : label))
        originals += pixels(index, label)
        adversarial += pixels(index, fooled ? target : label)
      }
    }
    let count = indices.count
    let shape = [count, 1, 4, 4]
    return ExampleSet(
      origin: ExampleSet.Origin(
        data: "drawn:test", classNames: (0..<classes).map { "class \($0)" }, valueRange: 0...1,
        source: source, sourceFingerprint: "fingerprint of \(source)", attack: attack, norm: "linf",
        parameters: [:], epsilons: [1], seed: 1),
      original: Tensor(originals, shape: shape), adversarial: [Tensor(adversarial, shape: shape)],
      label: Tensor(labels, shape: [count]), target: Tensor(targets, shape: [count]),
      index: Tensor(indices, shape: [count]),
      predicted: Tensor(predicted, shape: [1, count]),
      confidence: Tensor.full(0.75, shape: [1, count]))
  }

  /// The first pixel is a fifth of the predicted class. The other pixels depend on the image.
  private static func pixels(_ index: Int, _ seen: Int) -> [Float] {
    [Float(seen) / 5] + (1..<16).map { Float((index * 37 + $0 * 11) % 256) / 255 }
  }

  static let models = ["normal", "distilled", "regularised"]

  /// Reads a design. Unless the text states them, it has no controls and no checks.
  static func design(_ text: String) throws -> StudyDesign {
    let none = ["clean", "noise", "checks"].filter { !text.contains("\($0):") }
    let plain = text.replacing(" }", with: none.map { ", \($0): 0" }.joined() + " }")
    return try StudyDesign(.yaml(plain, file: "study.yaml"))
  }
}

/// A classifier that predicts the class that the first pixel says, plus `offset`.
struct CornerReader: Classifier {
  var classCount = 4
  var offset = 0.0
  var inputShape: InputShape { InputShape(channels: 1, height: 4, width: 4) }
  var valueRange: ClosedRange<Double> { 0...1 }
  var device: Device { .cpu }

  func logits(_ images: Tensor) -> Tensor {
    // images [N, 1, 4, 4] → [N, K]
    let seen = images.reshaped([-1, 16]).narrow(1, 0, 1) * 5 + offset
    let classes = Tensor.range(classCount).to(.float32).reshaped([1, classCount])
    return (seen - classes).power(2) * -10
  }
}
