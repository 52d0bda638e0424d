import Attacks
import Datasets
import Foundation
import ModelCore
import Support

/// What a model does with a few images besides classifying them: its input gradients, how steady
/// its answers are, and how it stands random noise and an attack without a budget. What trust
/// checks look at.
public struct ModelProbe: Codable, Equatable, Sendable {
  /// How many images are looked at, from the first on.
  public static let imageCount = 256
  /// How many of them are attacked without a budget, and how many are shown one by one.
  static let attackedCount = 64
  static let singleCount = 16

  public let model: String
  /// ‖∇ₓ CE(y, f(x))‖₂ of each image, for its label y.
  public let gradientNorms: [Float]
  /// The same for the class after its label, (y + 1) mod K.
  public let nextGradientNorms: [Float]
  /// The log-probabilities of the classes that were not predicted, K − 1 for each image.
  public let otherLogProbabilities: [Float]
  /// How many rows of outputs hold a number that is none.
  public let brokenRows: Int
  /// Whether every row of outputs is a distribution: not negative, and of sum one.
  public let givesProbabilities: Bool
  /// The largest change of an output between two evaluations of the same batch, as a share of the
  /// largest output.
  public let changeWhenRepeated: Double
  /// The largest change of an output between a batch and its images one by one, as a share of the
  /// largest output.
  public let changeWhenAlone: Double
  /// How many images were attacked without a budget, and how many the model still had right.
  public let attacked: Int
  public let rightUnderAttack: Int
  /// Which images the model has right as they are, and under random sign noise of each of some
  /// sizes.
  public let right: [Bool]
  public let noises: [Noise]
  /// The set-up that made the probe; nil in files that do not say.
  public let computed: ComputationRecord?

  /// Random sign noise of one size.
  public struct Noise: Codable, Equatable, Sendable {
    public let epsilon: Double
    public let right: [Bool]
  }

  /// The share of images whose input gradient is exactly zero.
  public var zeroGradients: Double {
    Double(gradientNorms.count { $0 == 0 }) / Double(max(1, gradientNorms.count))
  }

  /// - Parameters:
  ///   - data: labelled images that the model takes.
  ///   - noises: the sizes of sign noise to try, in pixel units.
  public init(of contestant: Contestant, on data: LabelledImages, noises: [Double], seed: Seed) {
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
      outputs.isAtLeast(0).all().isTrue && (outputs.sum([1]) - 1).absolute.max().scalar < 1e-3

    let scale = max(outputs.absolute.max().scalar, .leastNormalMagnitude)
    let again = withoutGradients { classifier.logits(images) }
    changeWhenRepeated = (again - outputs).absolute.max().scalar / scale
    let singles = (0..<min(count, Self.singleCount)).map { image in
      withoutGradients { classifier.logits(images.narrow(0, image, 1)) }
    }
    changeWhenAlone =
      (Tensor.concatenate(singles) - outputs.narrow(0, 0, singles.count)).absolute.max().scalar
      / scale

    attacked = min(count, Self.attackedCount)
    rightUnderAttack = Self.rightWithoutBudget(
      classifier, images.narrow(0, 0, attacked), labels.narrow(0, 0, attacked), seed)
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

  private static func gradientNorms(
    _ classifier: any Classifier, _ images: Tensor, _ labels: Tensor
  ) -> [Float] {
    Norm.l2.size(classifier.inputGradient(at: images) { $0.crossEntropy(labels).sum() }).floats()
  }

  /// How many images are still right when each pixel may become anything: twenty steps of a tenth
  /// of the range.
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
