import Datasets
import ModelCore
import Support

/// What repeated judgements of the same examples by one model gave.
///
/// A model that computes with random numbers, such as one that adds noise to its input, gives an
/// image another class each time. One judgement of every example is then one draw of its accuracy.
/// Over N judgements, with rᵢⱼ = 1 where judgement j of example i is right,
///
///     aⱼ = (1/n) Σᵢ rᵢⱼ        the accuracy in judgement j
///     mean = (1/N) Σⱼ aⱼ       the accuracy that a user may expect
///     worst = (1/n) Σᵢ minⱼ rᵢⱼ   the share of examples that are right in all N judgements
///
/// A model that answers each example right with probability p, independently, has a mean near p and
/// a worst case near pᴺ. For a model without random numbers all aⱼ and the worst case are equal.
public struct Judgements: Equatable, Sendable {
  /// n, the number of examples.
  public let examples: Int
  /// How many examples are right in each judgement, in order.
  public let correct: [Int]
  /// How many examples are right in all judgements.
  public let alwaysCorrect: Int

  /// - Precondition: there is at least one example and one judgement, and no judgement has fewer
  ///   examples right than all of them together.
  public init(examples: Int, correct: [Int], alwaysCorrect: Int) {
    precondition(
      examples >= 1 && alwaysCorrect >= 0
        && correct.allSatisfy { alwaysCorrect...examples ~= $0 } && !correct.isEmpty)
    self.examples = examples
    self.correct = correct
    self.alwaysCorrect = alwaysCorrect
  }

  /// - Parameter right: whether each example is right in each judgement, uint8 `[N, n]` of 0 and 1.
  public init(right: Tensor) {
    self.init(
      examples: right.shape[1], correct: right.to(.int64).sum([1]).int64s().map(Int.init),
      alwaysCorrect: Int(right.to(.int64).min([0]).sum().scalar))
  }

  /// N, the number of judgements.
  public var count: Int { correct.count }

  private var spread: Spread { Spread(correct.map { Double($0) / Double(examples) }) }

  /// The mean accuracy over the judgements.
  public var mean: Double { spread.mean }

  /// The sample standard deviation of the accuracy over the judgements.
  public var standardDeviation: Double { spread.standardDeviation }

  /// The lowest and the highest accuracy of a judgement.
  public var range: ClosedRange<Double> { spread.range }

  /// The share of examples that are right in all judgements.
  public var worst: Double { Double(alwaysCorrect) / Double(examples) }
}

/// In JSON, the counts and the numbers that follow from them.
extension Judgements: Encodable {
  enum Key: String, CodingKey {
    case judgements
    case correct = "judged_correct"
    case alwaysCorrect = "always_correct"
    case mean = "mean_accuracy"
    case deviation = "sd_accuracy"
    case least = "min_accuracy"
    case most = "max_accuracy"
    case worst = "worst_accuracy"
  }

  /// The columns of a table, in the order of `fields`.
  static let columns: [Key] = [.judgements, .mean, .deviation, .least, .most, .worst]

  /// The fields of a row of a table.
  var fields: [String] {
    ["\(count)"]
      + [mean, standardDeviation, range.lowerBound, range.upperBound, worst].map {
        $0.roundedToMillionths.plainDecimal
      }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(count, forKey: .judgements)
    try container.encode(correct, forKey: .correct)
    try container.encode(alwaysCorrect, forKey: .alwaysCorrect)
    try container.encode(mean.roundedToMillionths, forKey: .mean)
    try container.encode(standardDeviation.roundedToMillionths, forKey: .deviation)
    try container.encode(range.lowerBound.roundedToMillionths, forKey: .least)
    try container.encode(range.upperBound.roundedToMillionths, forKey: .most)
    try container.encode(worst.roundedToMillionths, forKey: .worst)
  }

  /// The judgements that the JSON of a cell has; nil if it has none.
  /// - Throws: `Failure.badData` for counts that contradict each other.
  init?(from decoder: any Decoder, examples: Int, cell: String) throws {
    let container = try decoder.container(keyedBy: Key.self)
    guard let correct = try container.decodeIfPresent([Int].self, forKey: .correct) else {
      return nil
    }
    let always = try container.decode(Int.self, forKey: .alwaysCorrect)
    guard !correct.isEmpty, always >= 0, examples >= 1,
      correct.allSatisfy({ always <= $0 && $0 <= examples })
    else {
      throw Failure.badData("\(cell): the numbers of right judgements contradict each other")
    }
    self.init(examples: examples, correct: correct, alwaysCorrect: always)
  }
}

extension Evaluator {
  /// Judges all images several times.
  /// - Parameter done: called after each batch with the number of images that are done, counted over
  ///   all judgements.
  /// - Returns: the predictions of the first judgement, as `predictions` has them, and what all
  ///   judgements gave; nil for a single one.
  public func judgements(
    _ count: Int, of classifier: any Classifier, on data: LabelledImages,
    _ done: (Int) -> Void = { _ in }
  ) -> (first: Tensor, all: Judgements?) {
    let predictions = (0..<count).map { judgement in
      self.predictions(of: classifier, on: data) { done(judgement * data.count + $0) }
    }
    let right = predictions.map { $0.equals(data.labels).to(.uint8) }
    return (predictions[0], count > 1 ? Judgements(right: Tensor.stack(right)) : nil)
  }
}
