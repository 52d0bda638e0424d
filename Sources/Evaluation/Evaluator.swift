import Datasets
import ForeignModels
import ModelCore
import Support

/// Runs classifiers over data sets, batch by batch: memory does not grow with the number of images.
public struct Evaluator: Sendable {
  public let batchSize: Int

  public init(batchSize: Int = 256) {
    self.batchSize = batchSize
  }

  /// The ranges of the batches of `count` images.
  public func batches(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: batchSize).map { $0..<min(count, $0 + batchSize) }
  }

  /// The predicted class of every image, int64 `[N]` on the processor; −1 where the classifier gave
  /// no number.
  public func predictions(
    of classifier: any Classifier, on data: LabelledImages, _ done: (Int) -> Void = { _ in }
  ) -> Tensor {
    // One array for all, made before: small tensors between large ones would keep freed memory from
    // being used again.
    var predictions: [Int64] = []
    predictions.reserveCapacity(data.count)
    for range in batches(data.count) {
      predictions += classifier.predictions(data.batch(range).images.to(classifier.device)).int64s()
      done(range.upperBound)
    }
    return Tensor(predictions, shape: [predictions.count])
  }

  /// The share of images whose predicted class is their label.
  public func accuracy(of classifier: any Classifier, on data: LabelledImages) -> Double {
    predictions(of: classifier, on: data).equals(data.labels).to(.float64).mean().scalar
  }
}

extension LabelledImages {
  /// What a model has to take that is loaded for these.
  public var kind: LoadedModel.Images {
    LoadedModel.Images(shape: shape, classNames: classNames, valueRange: valueRange)
  }
}

extension LoadedModel {
  /// Refuses data this model cannot take, or whose classes it knows in another order.
  /// - Throws: `Failure.badData` saying what the model wants and what the data are.
  public func checkAccepts(_ data: LabelledImages, model: String) throws {
    try classifier.checkAccepts(data, model: model)
    guard let names = classNames, Set(names) == Set(data.classNames),
      let place = names.indices.first(where: { names[$0] != data.classNames[$0] })
    else { return }
    throw Failure.badData(
      "model \(model) has the classes of \(data.name) in another order: its class \(place) is "
        + "'\(names[place])', theirs '\(data.classNames[place])'",
      hint: "reorder the model's last layer, or the data's classes")
  }
}

extension Classifier {
  /// Refuses data this classifier cannot take: examples of another shape, another number of
  /// classes, or another range of values.
  /// - Throws: `Failure.badData` saying what the model wants and what the data are.
  public func checkAccepts(_ data: LabelledImages, model: String) throws {
    guard inputShape == data.shape else {
      throw Failure.badData(
        "model \(model) takes images of \(inputShape), \(data.name) has \(data.shape)",
        hint: "use data of that shape, or train a model on this one")
    }
    guard classCount == data.classCount else {
      throw Failure.badData(
        "model \(model) knows \(classCount) classes, \(data.name) has \(data.classCount)")
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
