import Attacks
import Datasets
import Foundation
import ModelCore
import Support

/// Measurements of one model on a few images that trust checks examine: its outputs and how
/// reproducible they are, its input gradients and whether the outputs follow them, and its
/// predictions under random noise and under attacks.
///
/// Gradients are those of the cross-entropy CE(y, f(x)) of the logits f(x) and a class y, with
/// respect to the image x, in the unit of the image's values.
public struct ModelProbe: Codable, Equatable, Sendable {
  /// How many images are used, counted from the first.
  public static let imageCount = 256
  /// How many of these are attacked without a budget. The slopes are measured on the same images.
  static let attackedCount = 64
  /// How many of these are also evaluated one by one.
  static let singleCount = 16
  /// The largest change of an output that rounding can explain, as a share of the largest output.
  private static let largestRounding = 1e-3

  public let model: String
  /// ‖∇ₓ CE(y, f(x))‖₂ of each image x, for its label y.
  public let gradientNorms: [Float]
  /// The same for the class after its label, (y + 1) mod K.
  public let nextGradientNorms: [Float]
  /// The log-probabilities of the classes that were not predicted, K − 1 for each image.
  public let otherLogProbabilities: [Float]
  /// For how many images an output is infinite or not a number (NaN).
  public let brokenRows: Int
  /// For how many of the images whose slopes were measured an output next to the image is infinite
  /// or not a number (NaN).
  public let brokenNearby: Int
  /// Whether the outputs are the same for every image, up to rounding.
  public let ignoresImages: Bool
  /// Whether the outputs for each image are the same for every class, up to rounding.
  public let ignoresClasses: Bool
  /// Whether the outputs for every image are a probability distribution: at least 0, with sum 1.
  public let givesProbabilities: Bool
  /// The largest change of an output between two evaluations of the same batch, as a share of the
  /// largest output.
  public let changeWhenRepeated: Double
  /// The largest difference of an output between an image in a batch and the same image alone, as a
  /// share of the largest output.
  public let changeWhenAlone: Double
  /// How far the outputs change as the gradients say; nil for a model whose outputs are random, and
  /// if there is no image to measure it on.
  public let slopes: GradientSlopes?
  /// Another order of the classes, in which more answers would be right; nil if none was found.
  public let classOrder: ClassOrder?
  /// A usual normalisation with which more answers would be right; nil if none was found, and for a
  /// model that has one or that was trained without.
  public let missingNormalization: MissingNormalization?
  /// How many images were attacked without a budget.
  public let attacked: Int
  /// How many of these the model still classifies correctly.
  public let rightUnderAttack: Int
  /// An attack without gradients against one with gradients, within one or several budgets.
  public let contests: [AttackContest]
  /// For each image, whether the model classifies it correctly unchanged.
  public let right: [Bool]
  /// The same under random sign noise of several sizes.
  public let noises: [Noise]
  /// The set-up that made the probe; nil in files that do not say.
  public let computed: ComputationRecord?

  /// Predictions under sign noise, which moves every value up or down by ε at random.
  public struct Noise: Codable, Equatable, Sendable {
    public let epsilon: Double
    public let right: [Bool]
  }

  /// The share of images whose input gradient is exactly zero.
  public var zeroGradients: Double {
    Double(gradientNorms.count { $0 == 0 }) / Double(max(1, gradientNorms.count))
  }

  /// Whether the outputs change between two evaluations by more than rounding can explain.
  var isRandom: Bool { changeWhenRepeated > Self.largestRounding }

  /// Whether the outputs depend on the batch, by more than rounding and randomness can explain.
  var dependsOnBatch: Bool { changeWhenAlone > Self.largestRounding && !isRandom }

  /// The difference of the largest and the smallest logit in the median image; nil if there is none.
  ///
  /// It is that of the log-probabilities. The predicted class has the probability that the others
  /// leave.
  var logitRange: Double? {
    let others = otherLogProbabilities.count / max(1, right.count)
    guard others > 0, brokenRows == 0 else { return nil }
    let ranges = right.indices.map { image -> Double in
      let row = otherLogProbabilities[image * others..<(image + 1) * others].map(Double.init)
      return log(max(0, 1 - row.map(exp).reduce(0, +))) - (row.min() ?? 0)
    }
    return ranges.sorted()[ranges.count / 2]
  }

  /// For how many images the gradient for the label or for the next class is infinite or not a
  /// number (NaN).
  var brokenGradients: Int {
    zip(gradientNorms, nextGradientNorms).count { !$0.isFinite || !$1.isFinite }
  }

  /// Measures a model.
  /// - Parameters:
  ///   - contestant: the model.
  ///   - data: labelled images in the model's input shape, at least one.
  ///   - noises: the sizes ε of the sign noise, in the unit of the images' values.
  ///   - seed: the seed of the noise and of the attacks.
  ///   - effort: how much is spent on attacks.
  public init(
    of contestant: Contestant, on data: LabelledImages, noises: [Double], seed: Seed,
    effort: ProbeEffort = .quick
  ) {
    // images [n, C, H, W] or [n, D], labels and next [n], outputs [n, K]
    let classifier = contestant.classifier
    let count = min(Self.imageCount, data.count)
    let images = data.batch(0..<count).images.to(classifier.device)
    let labels = data.batch(0..<count).labels.to(classifier.device)
    model = contestant.name
    computed = .current(device: classifier.device)
    gradientNorms = Self.gradientNorms(classifier, images, labels)
    let next = Tensor(labels: labels.int64s().map { (Int($0) + 1) % data.classCount }).to(
      classifier.device)
    nextGradientNorms = Self.gradientNorms(classifier, images, next)

    let outputs = withoutGradients { classifier.logits(images) }
    let predicted = outputs.predictedClasses.int64s()
    right = zip(predicted, labels.int64s()).map { $0 == $1 }
    let logProbabilities = outputs.logSoftmax().floats()
    otherLogProbabilities = logProbabilities.enumerated().filter { place, _ in
      place % data.classCount != predicted[place / data.classCount]
    }.map(\.element)
    brokenRows = Int(outputs.isFinite.inverted.any([1]).to(.int64).sum().scalar)
    givesProbabilities =
      outputs.isAtLeast(0).all().isTrue
      && ((outputs.sum([1]) - 1).absolute.max().scalar < 1e-3
        || count > 1 && Self.areSingleProbabilities(outputs))

    let scale = max(outputs.absolute.max().scalar, .leastNormalMagnitude)
    ignoresImages = count > 1 && Self.largestSpread(outputs, along: 0) <= 1e-6 * scale
    ignoresClasses = Self.largestSpread(outputs, along: 1) <= 1e-6 * scale
    classOrder = ClassOrder(
      predicted: predicted.map(Int.init), labels: labels.int64s().map(Int.init),
      classNames: data.classNames)
    missingNormalization =
      contestant.mayLackNormalization
      ? MissingNormalization(classifier, images: images, labels: labels, right: right) : nil
    let again = withoutGradients { classifier.logits(images) }
    changeWhenRepeated = (again - outputs).absolute.max().scalar / scale
    let singles = (0..<min(count, Self.singleCount)).map { image in
      withoutGradients { classifier.logits(images.narrow(0, image, 1)) }
    }
    changeWhenAlone =
      (Tensor.concatenate(singles) - outputs.narrow(0, 0, singles.count)).absolute.max().scalar
      / scale

    attacked = min(count, Self.attackedCount)
    let (slopes, brokenNearby) = GradientSlopes.measure(
      classifier, at: images.narrow(0, 0, attacked))
    self.slopes = changeWhenRepeated > Self.largestRounding ? nil : slopes
    self.brokenNearby = brokenNearby
    rightUnderAttack = Self.rightWithoutBudget(
      classifier, images.narrow(0, 0, attacked), labels.narrow(0, 0, attacked), seed)
    let contested = min(count, effort.images)
    contests = effort.budgets.map { budget in
      AttackContest(
        classifier, on: images.narrow(0, 0, contested), labels: labels.narrow(0, 0, contested),
        budget: budget, effort: effort, seed: seed)
    }
    self.noises = noises.map { epsilon in
      let draws = ExampleDraws(
        seed.derive("noise \(epsilon)"), examples: Array(0..<count), device: classifier.device)
      let threat = SignNoise().threat(epsilon, against: classifier)
      let moved = SignNoise().perturb(
        images, .away(from: labels), within: threat, against: classifier, draws: draws)
      return Noise(
        epsilon: epsilon,
        right: zip(classifier.predictions(moved).int64s(), labels.int64s()).map { $0 == $1 })
    }
  }

  /// Whether the second of two outputs is a probability and the first is always 0: a binary
  /// classifier that gives one number has a sigmoid at its end.
  private static func areSingleProbabilities(_ outputs: Tensor) -> Bool {
    outputs.shape[1] == 2 && outputs.select(1, 0).absolute.max().scalar == 0
      && outputs.max().scalar <= 1
  }

  /// The largest difference between the numbers along a dimension of outputs `[n, K]`.
  private static func largestSpread(_ outputs: Tensor, along dimension: Int) -> Double {
    (outputs.max([dimension]) - outputs.min([dimension])).max().scalar
  }

  /// The ℓ2 norm of each image's gradient. The sum over the batch makes them independent: an
  /// image's loss alone determines its gradient.
  private static func gradientNorms(
    _ classifier: any Classifier, _ images: Tensor, _ labels: Tensor
  ) -> [Float] {
    Norm.l2.size(classifier.inputGradient(at: images) { $0.crossEntropy(labels).sum() }).floats()
  }

  /// How many images the model still classifies correctly when every value may become any valid
  /// value: twenty gradient-sign steps, each a tenth of the valid range.
  private static func rightWithoutBudget(
    _ classifier: any Classifier, _ images: Tensor, _ labels: Tensor, _ seed: Seed
  ) -> Int {
    let range = classifier.valueRange
    let width = range.upperBound - range.lowerBound
    let attack = BasicIterativeMethod(StepSchedule(steps: 20, relative: 2))
    let threat = ThreatModel(.linf, epsilon: width, valueRange: range)
    let moved = attack.perturb(
      images, .away(from: labels), within: threat, against: classifier,
      draws: ExampleDraws(seed, examples: Array(0..<images.shape[0]), device: classifier.device))
    return Int(classifier.predictions(moved).equals(labels).to(.int64).sum().scalar)
  }
}
