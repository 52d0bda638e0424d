import Attacks
import ModelCore
import Support

/// How much a probe spends on attacks.
public struct ProbeEffort: Codable, Equatable, Sendable {
  /// How many images are attacked, counted from the first.
  public let images: Int
  /// The steps of the gradient attack.
  public let steps: Int
  /// The queries of the gradient-free attack for each image.
  public let queries: Int
  /// The budgets, as shares of the valid range of the images' values.
  public let budgets: [Double]

  /// A few seconds for a small network on pictures of digits.
  public static let quick = ProbeEffort(images: 64, steps: 20, queries: 100, budgets: [0.2])
  /// Up to some minutes for a small network on pictures of digits.
  public static let deep = ProbeEffort(
    images: 256, steps: 100, queries: 1000, budgets: [0.03, 0.1, 0.3])
}

/// A comparison of an attack that follows gradients with one that sees logits only, within the same
/// budget and on the same images: projected gradient descent and the Square attack, both in ℓ∞ and
/// away from the label.
///
/// The gradient-free attack uses less of what the model offers. If it finds more adversarial
/// examples, the gradients lead the other one in useless directions.
public struct AttackContest: Codable, Equatable, Sendable {
  /// The budget ε, in the unit of the images' values.
  public let epsilon: Double
  /// The steps of projected gradient descent.
  public let steps: Int
  /// The queries of the Square attack for each image.
  public let queries: Int
  /// For each image, whether the model classifies it correctly under projected gradient descent.
  public let underGradient: [Bool]
  /// The same under the Square attack; nil if it was left out, because the model classifies fewer
  /// images correctly under the other attack than a significant difference takes.
  public let withoutGradient: [Bool]?

  /// The result in a sentence.
  public func text(_ model: String) -> String {
    "Within a budget of \(epsilon.plainDecimal), \(model) classifies \(underGradient.trueCount) of "
      + "\(underGradient.count) images correctly under projected gradient descent (\(steps) steps)"
      + (withoutGradient.map {
        ", and \($0.trueCount) under the Square attack (\(queries) queries)."
      } ?? ".")
  }

  /// The smallest number of images, each only won by the gradient-free attack, that is significant
  /// at 1% in McNemar's exact test: 2·2⁻⁸ < 0.01.
  static let fewest = 8

  /// Attacks a model on all given images.
  /// - Parameters:
  ///   - budget: ε as a share of the valid range.
  ///   - labels: int64 `[N]`.
  init(
    _ classifier: any Classifier, on images: Tensor, labels: Tensor, budget: Double,
    effort: ProbeEffort, seed: Seed
  ) {
    let range = classifier.valueRange
    let epsilon = budget * (range.upperBound - range.lowerBound)
    let threat = ThreatModel(.linf, epsilon: epsilon, valueRange: range)
    func right(_ attack: any Attack, _ classifier: any Classifier, _ images: Tensor) -> [Bool] {
      let draws = ExampleDraws(
        seed.derive("\(type(of: attack).name) \(budget)"), examples: Array(0..<images.shape[0]),
        device: classifier.device)
      let moved = attack.perturb(
        images, .away(from: labels), within: threat, against: classifier, draws: draws)
      return classifier.predictions(moved).equals(labels).int64s().map { $0 != 0 }
    }
    (self.epsilon, steps, queries) = (epsilon, effort.steps, effort.queries)
    let schedule = StepSchedule(steps: effort.steps, relative: 2.5)
    underGradient = right(ProjectedGradientDescent(schedule), classifier, images)
    guard underGradient.trueCount >= Self.fewest else {
      withoutGradient = nil
      return
    }
    let square = SquareAttack(queries: effort.queries)
    withoutGradient =
      classifier.inputShape.isPicture
      ? right(square, classifier, images)
      : right(
        square, RowsAsPictures(rows: classifier),
        images.reshaped([images.shape[0], 1, 1, classifier.inputShape.count]))
  }
}

/// A classifier of rows that takes each row as a picture of one line. The squares of the Square
/// attack are then single features.
private struct RowsAsPictures: Classifier {
  let rows: any Classifier

  var inputShape: InputShape { InputShape(channels: 1, height: 1, width: rows.inputShape.count) }
  var classCount: Int { rows.classCount }
  var valueRange: ClosedRange<Double> { rows.valueRange }
  var device: Device { rows.device }
  func logits(_ images: Tensor) -> Tensor { rows.logits(images.flattened) }
}
