import ModelCore
import Support

/// Examples that are explained together, the model that is asked about them, and the passes through
/// the model that several methods share.
///
/// The predicted class of an example is that of the unchanged input. It stays the same for all inputs
/// that a method makes of the example. Scalars of the predicted class may explain another class in its
/// place.
///
///     let batch = ExplainedBatch(images, labels: labels, of: classifier, draws: draws)
///     let explanation = SmoothGrad().explain(batch)
public final class ExplainedBatch {
  /// float32 `[N, C, H, W]` or `[N, D]`, on the classifier's device.
  public let images: Tensor
  /// The true classes, int64 `[N]`.
  public let labels: Tensor
  public let classifier: any Classifier
  /// Random numbers that belong to the examples.
  public let draws: ExampleDraws
  public let background: Background
  /// The number of inputs that pass the model at once.
  public let passSize: Int
  /// Is told by slow methods how many of the examples are done.
  public let report: (Int) -> Void

  /// The class that is explained in place of the predicted one; nil for the predicted class.
  public let explainedClass: Int?

  private var known: (logits: Tensor, gradients: [ExplainedScalar: Tensor])?
  private var seconds: [ExplainedScalar: Double] = [:]
  /// The time that passes took whose gradients were asked for again. It belongs to the methods that
  /// asked, as if each had made its own pass.
  public private(set) var sharedSeconds = 0.0

  /// - Parameters:
  ///   - draws: the random numbers, one row for each example.
  ///   - explainedClass: the class that is explained in place of the predicted one.
  ///   - passSize: at least 1. Results do not depend on it, except for rounding.
  public init(
    _ images: Tensor, labels: Tensor, of classifier: any Classifier, draws: ExampleDraws,
    background: Background = Background(), explainedClass: Int? = nil, passSize: Int = 256,
    report: @escaping (Int) -> Void = { _ in }
  ) {
    self.images = images
    self.labels = labels
    self.classifier = classifier
    self.draws = draws
    self.background = background
    self.explainedClass = explainedClass
    self.passSize = max(1, passSize)
    self.report = report
  }

  /// The same examples as a question to another model, such as one with random weights, about the
  /// same predicted classes.
  public func asked(of other: any Classifier) -> ExplainedBatch {
    let batch = ExplainedBatch(
      images, labels: labels, of: other, draws: draws, background: background,
      explainedClass: explainedClass, passSize: passSize, report: report)
    batch.fixedClasses = predicted
    return batch
  }

  /// The same examples, for explanations that report nothing.
  public var silent: ExplainedBatch {
    let batch = ExplainedBatch(
      images, labels: labels, of: classifier, draws: draws, background: background,
      explainedClass: explainedClass, passSize: passSize)
    batch.known = known
    batch.fixedClasses = fixedClasses
    return batch
  }

  /// Other inputs in place of the examples, with the same predicted classes and random numbers.
  public func moved(to inputs: Tensor) -> ExplainedBatch {
    let batch = ExplainedBatch(
      inputs, labels: labels, of: classifier, draws: draws, background: background,
      explainedClass: explainedClass, passSize: passSize, report: report)
    batch.fixedClasses = predicted
    return batch
  }

  /// The predicted classes, if they are those of another input or model.
  private var fixedClasses: Tensor?

  public var count: Int { images.shape[0] }

  /// The logits of the unchanged inputs, `[N, K]`, as constants.
  public var logits: Tensor {
    if let known { return known.logits }
    let logits = withoutGradients { classifier.logits(images) }
    known = (logits, [:])
    return logits
  }

  /// The predicted classes, int64 `[N]`.
  public var predicted: Tensor { fixedClasses ?? logits.argmax(1) }

  /// The classes that scalars of the predicted class explain, int64 `[N]`.
  public var explained: Tensor { chosenClasses ?? predicted }

  /// The probability of each example's predicted class, `[N]`.
  public var certainty: Tensor {
    ExplainedScalar.predictedProbability.values(logits, labels, predicted: predicted).detached
  }

  /// The explained classes, if they are not the predicted ones.
  private var chosenClasses: Tensor? {
    explainedClass.map {
      Tensor([Int64](repeating: Int64($0), count: count), shape: [count]).to(images.device)
    }
  }

  /// The gradient of a scalar in the unchanged inputs, in their shape. Methods that need the same
  /// gradient share one pass.
  public func gradient(of scalar: ExplainedScalar) -> Tensor {
    if let found = known?.gradients[scalar] {
      sharedSeconds += seconds[scalar] ?? 0
      return found
    }
    let clock = ContinuousClock()
    let start = clock.now
    let classes = chosenClasses ?? fixedClasses ?? known?.logits.argmax(1)
    let pass = classifier.lossAndGradient(at: images) {
      scalar.values($0, labels, predicted: classes)
    }
    var gradients = known?.gradients ?? [:]
    gradients[scalar] = pass.gradient
    known = (known?.logits ?? pass.logits, gradients)
    seconds[scalar] = (clock.now - start).seconds
    return pass.gradient
  }

  // MARK: Inputs that a method makes of the examples

  /// The scalar of each input that is made of an example, as constants.
  /// - Parameters:
  ///   - inputs: `[M, …]`.
  ///   - examples: the place of each input's example in this batch, int64 `[M]`.
  /// - Returns: `[M]`.
  public func values(of scalar: ExplainedScalar, at inputs: Tensor, examples: Tensor) -> Tensor {
    withoutGradients {
      scalar.values(
        classifier.logits(inputs), labels.indexSelect(0, examples),
        predicted: explained.indexSelect(0, examples))
    }
  }

  /// Makes `count` variants of all examples, and passes the scalar of each to `use`.
  /// - Parameters:
  ///   - make: the number of a variant → that variant of all examples, in their shape.
  ///   - use: gets the number of a variant and the scalars `[N]`, in the order of the variants.
  public func values(
    of scalar: ExplainedScalar, variants count: Int, _ make: (Int) -> Tensor,
    _ use: (Int, Tensor) -> Void
  ) {
    inGroups(of: count, make) { inputs, examples, first in
      let found = values(of: scalar, at: inputs, examples: examples)
      for place in 0..<inputs.shape[0] / self.count {
        use(first + place, found.narrow(0, place * self.count, self.count))
      }
    }
  }

  /// Makes `count` variants of all examples, and passes the gradient of the scalar in each to `use`.
  public func gradients(
    of scalar: ExplainedScalar, variants count: Int, _ make: (Int) -> Tensor,
    _ use: (Int, Tensor) -> Void
  ) {
    let (labels, explained) = (self.labels, self.explained)
    inGroups(of: count, make) { inputs, examples, first in
      let found = classifier.inputGradient(at: inputs) {
        scalar.values(
          $0, labels.indexSelect(0, examples), predicted: explained.indexSelect(0, examples))
      }
      for place in 0..<inputs.shape[0] / self.count {
        use(first + place, found.narrow(0, place * self.count, self.count))
      }
    }
  }

  /// Joins as many variants as one pass takes.
  private func inGroups(
    of count: Int, _ make: (Int) -> Tensor, _ pass: (Tensor, Tensor, Int) -> Void
  ) {
    let size = max(1, passSize / self.count)
    for first in stride(from: 0, to: count, by: size) {
      let group = (first..<min(count, first + size)).map(make)
      let places = Tensor.range(self.count, device: images.device)
      pass(
        Tensor.concatenate(group),
        Tensor.concatenate([Tensor](repeating: places, count: group.count)), first)
    }
  }
}
