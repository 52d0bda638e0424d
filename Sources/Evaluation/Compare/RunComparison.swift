import Support

/// What changed between two runs of the same experiment, on the same images: its accuracies, the
/// leaderboard, and the flags.
///
/// An accuracy has changed if the interval of the difference, paired by image, does not contain 0
/// (`PairedDifference.interval`). The intervals of all cells hold together with 95 %, and so do those
/// of all clean accuracies and worst cases. They say which differences the choice of the images does
/// not explain. A training from another seed may make such a difference, too; only repetitions show
/// how large it is.
public struct RunComparison: Encodable, Sendable {
  /// The paths of the two run folders.
  public let before: String
  public let after: String
  /// The number of images.
  public let images: Int
  /// What is not compared, and what else differs, each in a sentence.
  public let notes: [String]
  /// The norm and the budget of the worst cases, and the attacks that count; nil if no attack has a
  /// budget above 0 that is the size of a perturbation.
  public let norm: String?
  public let epsilon: Double?
  public let attacks: [String]
  /// The models that both runs have, in the order of the later one.
  public let models: [ModelChange]
  /// The cells with a budget above 0 that both runs have.
  public let cells: [CellChange]
  public let newFlags: [TrustFlag]
  public let vanishedFlags: [TrustFlag]

  /// The cells whose accuracy has changed, the largest change first.
  public var changedCells: [CellChange] {
    cells.filter(\.accuracy.isCertain).sorted {
      abs($0.accuracy.difference) > abs($1.accuracy.difference)
    }
  }
}

/// An accuracy of two runs. Accuracies and differences are fractions.
public struct AccuracyChange: Encodable, Equatable, Sendable {
  public let before: Double
  public let after: Double
  /// After minus before.
  public let difference: Double
  /// The interval of the difference, paired by image; nil if it is not known which images changed.
  public let interval: ClosedRange<Double>?

  /// Whether the interval does not contain 0.
  public var isCertain: Bool { interval.map { !$0.contains(0) } ?? false }

  /// - Parameter interval: nil if it is not known which images changed.
  init(before: Double, after: Double, interval: ClosedRange<Double>? = nil) {
    self.before = before.roundedToMillionths
    self.after = after.roundedToMillionths
    difference = (after - before).roundedToMillionths
    self.interval = interval.map {
      $0.lowerBound.roundedToMillionths...$0.upperBound.roundedToMillionths
    }
  }

  /// The change of answers about the same examples.
  init(
    _ before: [Bool], _ after: [Bool], examplesPerImage: Int = 1, among comparisons: Int
  ) {
    func share(_ answers: [Bool]) -> Double { Double(answers.trueCount) / Double(answers.count) }
    let paired = PairedDifference(after, before, examplesPerImage: examplesPerImage)
    self.init(
      before: share(before), after: share(after), interval: paired.interval(among: comparisons))
  }

  private enum Key: String, CodingKey {
    case before, after, difference, changed
    case lower = "ci_low"
    case upper = "ci_high"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(before, forKey: .before)
    try container.encode(after, forKey: .after)
    try container.encode(difference, forKey: .difference)
    try container.encodeIfPresent(interval?.lowerBound, forKey: .lower)
    try container.encodeIfPresent(interval?.upperBound, forKey: .upper)
    try container.encode(isCertain, forKey: .changed)
  }
}

/// What changed about one model.
public struct ModelChange: Encodable, Sendable {
  public let model: String
  /// Whether both runs have exactly the same model.
  public let isSame: Bool
  /// The ranks in the leaderboards of the two runs; nil without worst cases.
  public let rankBefore: Int?
  public let rankAfter: Int?
  /// The accuracy on unchanged images.
  public let clean: AccuracyChange
  /// The accuracy under every attack; nil if none counts.
  public let worstCase: AccuracyChange?
  /// The certified accuracy for the budget of the worst case, by counts alone; nil if one of the runs
  /// has none for the same images and size.
  public let certified: AccuracyChange?
  /// The accuracy in the worst group of unchanged images, which need not be the same group; nil if
  /// the data have no groups.
  public let worstGroup: AccuracyChange?
}

/// The accuracy of one cell in both runs.
public struct CellChange: Encodable, Sendable {
  public let attack: String
  public let epsilon: Double
  public let source: String
  public let victim: String
  public let accuracy: AccuracyChange
}
