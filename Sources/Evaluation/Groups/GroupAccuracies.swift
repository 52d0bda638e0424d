import Datasets
import ModelCore
import Support

/// The accuracies of a model in the groups of some data: in each group, on average over the groups,
/// and in the worst group.
///
/// Only groups that the examples have are listed. A group with one example is listed with this
/// count and its wide interval.
public struct GroupAccuracies: Codable, Equatable, Sendable {
  /// The groups in ascending order of their numbers, at least one.
  public let groups: [GroupAccuracy]

  /// - Precondition: there is at least one group, and no group occurs twice.
  public init(_ groups: [GroupAccuracy]) {
    precondition(
      !groups.isEmpty && Set(groups.map(\.group)).count == groups.count, "expected distinct groups")
    self.groups = groups.sorted { $0.group < $1.group }
  }

  /// Counts correct predictions by group.
  /// - Parameters:
  ///   - predictions: the predicted class of each example.
  ///   - labels: the true class of each example.
  ///   - groups: the group of each example.
  ///   - names: the name of each group; nil if they have none.
  ///   - examplesPerImage: how many examples are made from each image.
  /// - Returns: nil if there are no examples.
  init?(
    predictions: [Int64], labels: [Int64], groups: [Int64], names: [String]?,
    examplesPerImage: Int = 1
  ) {
    precondition(predictions.count == labels.count && labels.count == groups.count)
    var counts: [Int64: (examples: Int, correct: Int)] = [:]
    for (place, group) in groups.enumerated() {
      counts[group, default: (0, 0)].examples += 1
      if predictions[place] == labels[place] { counts[group, default: (0, 0)].correct += 1 }
    }
    guard !counts.isEmpty else { return nil }
    self.init(
      counts.map { group, count in
        GroupAccuracy(
          group: Int(group),
          name: names.flatMap { $0.indices ~= Int(group) ? $0[Int(group)] : nil },
          examples: count.examples, images: count.examples / examplesPerImage,
          correct: count.correct)
      })
  }

  /// The accuracies of predictions for all images of some data.
  /// - Parameter predictions: the predicted classes, int64 `[N]`.
  /// - Returns: nil if the data have no groups.
  public init?(_ predictions: Tensor, on data: LabelledImages) {
    guard let groups = data.annotations.groups else { return nil }
    self.init(
      predictions: predictions.int64s(), labels: data.labels.int64s(), groups: groups.int64s(),
      names: data.groupNames)
  }

  /// The number of groups, G.
  public var count: Int { groups.count }

  // MARK: Mean

  /// The unweighted mean over the groups, (1/G) Σ_g a_g: each group counts the same, however many
  /// examples it has.
  public var mean: Double { groups.map(\.accuracy).reduce(0, +) / Double(count) }

  /// A 95 % interval of the mean of the true accuracies p_g over the groups.
  ///
  /// With the Wilson interval [l_g, u_g] of each group, it reaches from
  ///
  ///     mean − (1/G)·√(Σ (a_g − l_g)²)   to   mean + (1/G)·√(Σ (u_g − a_g)²)
  ///
  /// Source: G. Y. Zou, W. Huang and X. Zhang, "A note on confidence interval estimation for a
  /// linear function of binomial proportions", Computational Statistics & Data Analysis 53 (2009).
  public var meanInterval: ClosedRange<Double> {
    func length(_ part: (GroupAccuracy) -> Double) -> Double {
      groups.map { part($0) * part($0) }.reduce(0, +).squareRoot() / Double(count)
    }
    let below = length { $0.accuracy - $0.interval.lowerBound }
    let above = length { $0.interval.upperBound - $0.accuracy }
    return max(0, mean - below)...min(1, mean + above)
  }

  // MARK: Worst group

  /// The group with the lowest measured accuracy; the first of several.
  public var worst: GroupAccuracy {
    groups.dropFirst().reduce(groups[0]) { $1.accuracy < $0.accuracy ? $1 : $0 }
  }

  /// A 95 % interval of the lowest true accuracy, min_g p_g.
  ///
  /// The lowest of several measured accuracies is on average lower than the lowest true accuracy,
  /// because the group that happens to be worst is one that also had bad luck. The interval of that
  /// group alone is therefore not an interval of min_g p_g. This one is: from exact
  /// (Clopper-Pearson) intervals [L_g, U_g] it takes
  ///
  ///     [min_g L_g, min_g U_g],  with P(L_g > p_g) ≤ α/2, P(U_g < p_g) ≤ α/(2G) and α = 0.05.
  ///
  /// It contains min_g p_g with at least 95 %. Let h be a group with the lowest true accuracy.
  /// - The lower end is too high only if L_h > p_h, since min_g L_g ≤ L_h. The probability of this
  ///   is at most α/2. One group decides, so this end needs no correction for several groups.
  /// - The upper end is too low only if U_g < p_h for some g. As p_h ≤ p_g, this group has
  ///   U_g < p_g. By Bonferroni's inequality, the probability that any group has is at most
  ///   G·α/(2G) = α/2.
  ///
  /// The proof does not need the groups to be independent of each other.
  public var worstInterval: ClosedRange<Double> {
    let alpha = 0.05
    let intervals = groups.map { group in
      clopperPearsonInterval(
        successes: group.effectiveCorrect, of: Double(group.images), lowerError: alpha / 2,
        upperError: alpha / 2 / Double(count))
    }
    let lower = intervals.map(\.lowerBound).min() ?? 0
    let upper = intervals.map(\.upperBound).min() ?? 1
    return lower...max(lower, upper)
  }

  /// How to read the interval of the worst group, for reports and commands.
  public static let worstIntervalNote =
    "The interval of the worst group is that of the lowest true accuracy of all groups. It is made "
    + "of exact intervals that hold for all groups at once, because the group that happens to be "
    + "worst had bad luck, too, and its own interval would lie too low."
}

/// In JSON the groups stand beside their mean and the worst of them, for other programs.
extension GroupAccuracies {
  private enum CodingKeys: String, CodingKey {
    case groups, mean, worst
    case meanLower = "mean_ci_low"
    case meanUpper = "mean_ci_high"
    case worstGroup = "worst_group"
    case worstLower = "worst_ci_low"
    case worstUpper = "worst_ci_high"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    let (mean, lowest) = (meanInterval, worstInterval)
    try container.encode(groups, forKey: .groups)
    try container.encode(self.mean.roundedToMillionths, forKey: .mean)
    try container.encode(mean.lowerBound.roundedToMillionths, forKey: .meanLower)
    try container.encode(mean.upperBound.roundedToMillionths, forKey: .meanUpper)
    try container.encode(worst.name, forKey: .worstGroup)
    try container.encode(worst.accuracy.roundedToMillionths, forKey: .worst)
    try container.encode(lowest.lowerBound.roundedToMillionths, forKey: .worstLower)
    try container.encode(lowest.upperBound.roundedToMillionths, forKey: .worstUpper)
  }

  /// - Throws: `Failure.badData` if there are no groups or one occurs twice.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let groups = try container.decode([GroupAccuracy].self, forKey: .groups)
    guard !groups.isEmpty, Set(groups.map(\.group)).count == groups.count else {
      throw Failure.badData("expected the accuracies of one or more distinct groups")
    }
    self.init(groups)
  }
}
