import Datasets
import Explanations
import ModelCore
import Support

/// Explains a model on a data set, batch by batch, so that memory does not grow with the number of
/// examples, and measures how far the explanations can be trusted.
public struct ExplanationPass {
  public let classifier: any Classifier
  /// The network whose weights can be reset; nil for a program.
  public let network: Network?
  public let data: LabelledImages
  public let background: Background
  public let methods: [NamedExplanation]
  /// The class that is explained in place of the predicted one; nil for the predicted one.
  public let explainedClass: Int?
  public let seed: Seed
  public let evaluator: Evaluator
  /// The number of features that are compared.
  public let top: Int
  /// The number of examples, from the first, on which the trust is measured.
  public let trusted: Int

  /// - Parameter trusted: a number above that of the examples means all of them.
  public init(
    classifier: any Classifier, network: Network?, data: LabelledImages, background: Background,
    methods: [NamedExplanation], explainedClass: Int? = nil, seed: Seed, evaluator: Evaluator,
    top: Int, trusted: Int
  ) {
    self.classifier = classifier
    self.network = network
    self.data = data
    self.background = background
    self.methods = methods
    self.explainedClass = explainedClass
    self.seed = seed
    self.evaluator = evaluator
    self.top = top
    self.trusted = min(trusted, data.count)
  }

  /// Checks that the methods can explain the model.
  /// - Throws: `Failure.usage` for a method that cannot explain such data; `Failure.badData` for one
  ///   that needs gradients of a model that has none.
  public func check(model: String) throws {
    for method in methods { try method.method.check(data.shape, background) }
    guard let needy = methods.first(where: { $0.method.usesGradients }) else { return }
    let range = classifier.valueRange
    let input = Tensor.full(
      (range.lowerBound + range.upperBound) / 2, shape: [1] + classifier.inputShape.sizes,
      device: classifier.device)
    guard withGradients({ classifier.logits(input.tracked).isTracked }) else {
      throw Failure.badData(
        "model \(model): its logits have no gradients, and the method \(needy.name) needs them",
        hint: "use a method without gradients, such as occlusion or lime")
    }
  }

  /// Explains all examples.
  /// - Parameters:
  ///   - progress: gets the number of examples that are done, the last one perhaps in part.
  ///   - use: gets each batch with the explanations of each method and the batch's masks.
  /// - Returns: the measures of trust, and the seconds of each method for one example.
  public func run(
    _ progress: @escaping (Double) -> Void,
    _ use: (ExplainedBatch, [Explanation], _ masks: Tensor?) throws -> Void
  ) throws -> (trust: ExplanationTrust, seconds: [Double]) {
    var trust = try emptyTrust()
    let clock = ContinuousClock()
    var seconds = [Double](repeating: 0, count: methods.count)
    warmUp()
    for range in ranges {
      func shown(_ place: Int, _ done: Int) {
        let share = (Double(place) + Double(done) / Double(range.count)) / Double(methods.count)
        progress(Double(range.lowerBound) + share * Double(range.count))
      }
      var at = 0
      let (batch, masks) = question(range) { shown(at, $0) }
      var explanations: [Explanation] = []
      for (place, method) in methods.enumerated() {
        at = place
        let (start, shared) = (clock.now, batch.sharedSeconds)
        explanations.append(method.method.explain(batch))
        seconds[place] += (clock.now - start).seconds + batch.sharedSeconds - shared
        shown(place, range.count)
      }
      if range.lowerBound < trusted {
        trust.add(batch.silent, explanations, masks: masks)
      }
      try use(batch, explanations, masks)
      progress(Double(range.upperBound))
    }
    let each = seconds.map { $0 / Double(data.count) }
    for (method, seconds) in zip(methods, each) { trust.add(seconds: seconds, of: method.name) }
    return (trust, each)
  }

  private func emptyTrust() throws -> ExplanationTrust {
    var plan = TrustPlan()
    plan.top = top
    let randomized =
      try trusted > 0
      ? network.map { try RandomizedModels($0, seed: seed.derive("randomised weights")) } : nil
    return ExplanationTrust(methods, plan: plan, randomized: randomized)
  }

  /// The examples of a batch as a question to the model, and their masks.
  private func question(
    _ range: Range<Int>, report: @escaping (Int) -> Void = { _ in }
  ) -> (batch: ExplainedBatch, masks: Tensor?) {
    let given = data.batch(range).to(classifier.device)
    let batch = ExplainedBatch(
      given.images, labels: given.labels, of: classifier,
      draws: ExampleDraws(
        seed.derive("explanations"), examples: range.map { data.places?[$0] ?? $0 },
        device: classifier.device),
      background: background, explainedClass: explainedClass, passSize: evaluator.batchSize,
      report: report)
    return (batch, given.annotations.masks)
  }

  /// Computes once what methods compute first, for the first batch. The first pass of a program chooses
  /// and prepares its kernels, for the size of the batch, and this time belongs to no method.
  private func warmUp() {
    guard let first = ranges.first else { return }
    let batch = question(first).batch
    let scalars = Set(methods.filter { $0.method.usesGradients }.map { $0.method.scalar })
    for scalar in scalars { _ = batch.gradient(of: scalar) }
    if scalars.isEmpty { _ = batch.logits }
  }

  /// The batches, divided where the examples end on which the trust is measured.
  private var ranges: [Range<Int>] {
    evaluator.batches(data.count).flatMap { range in
      guard trusted > range.lowerBound, trusted < range.upperBound else { return [range] }
      return [range.lowerBound..<trusted, trusted..<range.upperBound]
    }
  }
}
