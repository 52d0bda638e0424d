import Datasets
import ForeignModels
import ModelCore
import Support

/// Runs classifiers over data sets, batch by batch, so that memory does not grow with the number of
/// images.
public struct Evaluator: Sendable {
  /// The number of images that are computed at once.
  public let batchSize: Int

  public init(batchSize: Int = 256) {
    self.batchSize = batchSize
  }

  /// The most numbers that a batch of inputs has whose gradients are computed: the intermediate results
  /// of a network for large pictures need a hundred times as much memory.
  private static let mostNumbers = 4 << 20

  /// An evaluator for gradients of examples of a shape, which computes fewer at once if the examples
  /// are large.
  public func forGradients(of shape: InputShape) -> Evaluator {
    Evaluator(batchSize: min(batchSize, max(1, Self.mostNumbers / shape.count)))
  }

  /// The ranges that divide `count` images into batches.
  public func batches(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: batchSize).map { $0..<min(count, $0 + batchSize) }
  }

  /// The predicted class of every image, int64 `[N]` on the CPU; −1 where a logit is not a number
  /// (NaN).
  /// - Parameter done: called after each batch with the number of images that are done.
  public func predictions(
    of classifier: any Classifier, on data: LabelledImages, _ done: (Int) -> Void = { _ in }
  ) -> Tensor {
    // The array for all predictions is allocated first: small blocks that are allocated between the
    // large tensors of batches would prevent the reuse of freed memory.
    var predictions: [Int64] = []
    predictions.reserveCapacity(data.count)
    for range in batches(data.count) {
      predictions += classifier.predictions(data.batch(range).images.to(classifier.device)).int64s()
      done(range.upperBound)
    }
    return Tensor(predictions, shape: [predictions.count])
  }

  /// The fraction of the images whose predicted class is their label.
  /// - Parameter done: called after each batch with the number of images that are done.
  public func accuracy(
    of classifier: any Classifier, on data: LabelledImages, _ done: (Int) -> Void = { _ in }
  ) -> Double {
    predictions(of: classifier, on: data, done).equals(data.labels).to(.float64).mean().scalar
  }
}

extension LabelledImages {
  /// What a model that is loaded for these images must take.
  public var kind: LoadedModel.Images {
    LoadedModel.Images(shape: shape, classNames: classNames, valueRange: valueRange)
  }
}

extension LoadedModel {
  /// Checks that this model takes the data and has their classes in the same order.
  /// - Throws: `Failure.badData` that says what the model takes and what the data are.
  public func checkAccepts(_ data: LabelledImages, model: String) throws {
    try classifier.checkAccepts(data, model: model)
    guard let names = classNames, Set(names) == Set(data.classNames),
      let place = names.indices.first(where: { names[$0] != data.classNames[$0] })
    else { return }
    throw Failure.badData(
      "model \(model) has the classes of \(data.name) in another order: class \(place) is "
        + "'\(names[place])' in the model and '\(data.classNames[place])' in the data",
      hint: "reorder the model's last layer, or the data's classes")
  }
}

extension Classifier {
  /// Checks that this classifier takes examples of the data's shape and value range, and has as
  /// many classes.
  /// - Throws: `Failure.badData` that says what the model takes and what the data are.
  public func checkAccepts(_ data: LabelledImages, model: String) throws {
    guard inputShape == data.shape else {
      throw Failure.badData(
        "model \(model) takes images of \(inputShape), \(data.name) has \(data.shape)",
        hint: "use data of that shape, or train a model on these data")
    }
    guard classCount == data.classCount else {
      throw Failure.badData(
        "model \(model) has \(classCount) classes, \(data.name) has \(data.classCount)",
        hint: data.advice(forModelWith: classCount))
    }
    guard valueRange == data.valueRange else {
      func words(_ range: ClosedRange<Double>) -> String {
        "from \(range.lowerBound.plainDecimal) to \(range.upperBound.plainDecimal)"
      }
      throw Failure.badData(
        "model \(model) takes values \(words(valueRange)), data \(data.name) has values "
          + words(data.valueRange),
        hint: "scale the data to the model's range, or train a model on these data")
    }
  }
}
