import Foundation
import ModelCore
import Support

/// How the trust in explanations is measured.
public struct TrustPlan: Sendable {
  /// The number of features with the largest contributions that are compared.
  public var top = 10
  /// The standard deviation of the noise for stability, in units of `ExplainedBatch.featureScale`.
  public var noise = 0.02
  /// What takes the place of removed features in the curves.
  public var baseline = Baseline.automatic
  /// The number of parts of the curves.
  public var steps = 20

  public init() {}
}

/// One measure of one method: its mean over the examples.
public struct TrustMeasure: Codable, Sendable, Equatable {
  public let method: String
  public let measure: String
  /// The other method of a comparison; nil for a measure of one method.
  public let with: String?
  public let mean: Double
  public let deviation: Double
  public let examples: Int

  public init(
    method: String, measure: String, with other: String?, mean: Double, deviation: Double,
    examples: Int
  ) {
    self.method = method
    self.measure = measure
    self.with = other
    self.mean = mean
    self.deviation = deviation
    self.examples = examples
  }
}

/// The names of the measures, as they stand in `trust.csv`.
public enum TrustName: String, Sendable, CaseIterable {
  /// Spearman's rank correlation of the magnitudes of two methods' contributions.
  case rankCorrelation = "rank_correlation"
  /// The share of the features with the largest magnitudes that two methods have in common.
  case topOverlap = "top_overlap"
  /// The rank correlation of the magnitudes with those at a slightly noisy input.
  case stability
  /// The mean areas under the curves of deletion and of insertion.
  case deletionArea = "deletion_area"
  case insertionArea = "insertion_area"
  /// The rank correlation with the explanation of the model whose last layer, or all layers, have
  /// random weights.
  case lastLayerReset = "last_layer_reset"
  case allLayersReset = "all_layers_reset"
  /// The share of the summed magnitudes that lies where the mask is 1, and the share of the places
  /// where the mask is 1.
  case shareInMask = "share_in_mask"
  case maskedShare = "masked_share"
  /// The completeness gap, where the method has one.
  case completenessGap = "completeness_gap"
  /// The seconds that the explanation of one example took.
  case seconds
}

/// Collects, batch by batch, how far the explanations of some methods can be trusted.
///
/// Contributions are compared by their magnitudes at each place: the pixels of a picture, whose
/// channels are summed first, or the features of a row. Rank correlations leave out the places where
/// both magnitudes are 0, and methods are compared on a text by the words that it has. An example whose contributions are all equal has none and does not count.
public struct ExplanationTrust {
  /// The name under which the curves of a random order are reported, as a control.
  public static let randomOrder = "random order"

  public let methods: [NamedExplanation]
  public let plan: TrustPlan
  private let randomized: RandomizedModels?
  private struct Key: Hashable {
    let measure: TrustName
    let method: String
    let other: String?
  }
  private var found: [Key: [Double]] = [:]
  private var order: [Key] = []
  /// The sums of the probabilities on the curves, and the number of examples.
  private var curves: [String: (deletion: [Double], insertion: [Double], count: Int)] = [:]

  /// - Parameter randomized: nil for a model whose weights cannot be reset, such as a program.
  public init(
    _ methods: [NamedExplanation], plan: TrustPlan = TrustPlan(), randomized: RandomizedModels?
  ) {
    self.methods = methods
    self.plan = plan
    self.randomized = randomized
  }

  /// Adds the examples of a batch.
  /// - Parameters:
  ///   - explanations: of each method, in the order of `methods`.
  ///   - masks: in the shape of the examples, 1 where a feature must not matter; nil for data
  ///     without masks.
  public mutating func add(
    _ batch: ExplainedBatch, _ explanations: [Explanation], masks: Tensor? = nil
  ) {
    let magnitudes = explanations.map { Self.magnitudes($0.contributions) }
    compare(Self.ofPresentWords(explanations, batch) ?? magnitudes)
    let noisy = batch.moved(to: noisyInputs(of: batch))
    for (place, named) in methods.enumerated() {
      let (method, name) = (named.method, named.name)
      func reset(_ measure: TrustName, _ other: ExplainedBatch) {
        add(measure, name, agreements(magnitudes[place], method.explain(other).contributions))
      }
      reset(.stability, noisy)
      if let randomized {
        reset(.lastLayerReset, batch.asked(of: randomized.lastLayer))
        reset(.allLayersReset, batch.asked(of: randomized.allLayers))
      }
      let scores = explanations[place].contributions.perPlace * method.scalar.direction
      draw(name, batch, order: scores)
      if let masks { inside(name, magnitudes[place], masks) }
      if let gaps = explanations[place].gaps {
        add(.completenessGap, name, gaps.floats().map(Double.init))
      }
    }
    let places = explanations[0].contributions.perPlace.shape[1]
    draw(Self.randomOrder, batch, order: batch.draws.purpose("random order").uniform([places]))
  }

  /// Adds the seconds that each example took.
  public mutating func add(seconds: Double, of method: String) {
    add(.seconds, method, [seconds])
  }

  /// All measures, in the order of `TrustName` and of the methods.
  public var measures: [TrustMeasure] {
    TrustName.allCases.flatMap { name in
      order.filter { $0.measure == name }.compactMap { key in
        guard let values = found[key], !values.isEmpty else { return nil }
        let spread = Spread(values)
        return TrustMeasure(
          method: key.method, measure: name.rawValue, with: key.other, mean: spread.mean,
          deviation: spread.standardDeviation, examples: values.count)
      }
    }
  }

  /// A point of the mean curves of a method.
  public struct CurvePoint: Codable, Sendable, Equatable {
    public let method: String
    public let share: Double
    public let deletion: Double
    public let insertion: Double
  }

  /// The mean curves of each method and of a random order.
  public var curvePoints: [CurvePoint] {
    (methods.map(\.name) + [Self.randomOrder]).flatMap { name -> [CurvePoint] in
      guard let sums = curves[name] else { return [] }
      return sums.deletion.indices.map { step in
        CurvePoint(
          method: name, share: Double(step) / Double(sums.deletion.count - 1),
          deletion: sums.deletion[step] / Double(sums.count),
          insertion: sums.insertion[step] / Double(sums.count))
      }
    }
  }

  // MARK: Single measures

  /// The examples with a little noise, for stability. Words that a text does not have stay away.
  func noisyInputs(of batch: ExplainedBatch) -> Tensor {
    let images = batch.images
    let noise = batch.draws.purpose("stability").normal(Array(images.shape.dropFirst()))
    let scaled = noise * batch.featureScale * plan.noise
    let isKept = batch.background.isSparse ? images.equals(0).inverted.to(.float32) : images * 0 + 1
    return (images + scaled * isKept).clamped(to: batch.classifier.valueRange)
  }

  /// The magnitudes at the words that each text has, and 0 elsewhere; nil for other data. Methods that
  /// remove words say nothing about absent ones, which gradients weight like all others.
  private static func ofPresentWords(
    _ explanations: [Explanation], _ batch: ExplainedBatch
  ) -> [[[Float]]]? {
    guard batch.background.isSparse else { return nil }
    let isPresent = batch.images.differs(from: batch.images * 0).to(.float32)
    return explanations.map { magnitudes($0.contributions * isPresent) }
  }

  private mutating func compare(_ magnitudes: [[[Float]]]) {
    for first in methods.indices {
      for second in methods.indices where second > first {
        let names = (methods[first].name, methods[second].name)
        let pairs = zip(magnitudes[first], magnitudes[second])
        add(.rankCorrelation, names.0, pairs.map { Ranks.agreement($0, $1) }, with: names.1)
        let overlaps = zip(magnitudes[first], magnitudes[second]).map {
          Ranks.overlap($0, $1, top: plan.top)
        }
        add(.topOverlap, names.0, overlaps, with: names.1)
      }
    }
  }

  private mutating func draw(_ name: String, _ batch: ExplainedBatch, order scores: Tensor) {
    let drawn = RemovalCurves(batch, order: scores, baseline: plan.baseline, steps: plan.steps)
    add(.deletionArea, name, RemovalCurves.areas(drawn.deletion))
    add(.insertionArea, name, RemovalCurves.areas(drawn.insertion))
    let nothing = [Double](repeating: 0, count: drawn.shares.count)
    let sums = curves[name] ?? (nothing, nothing, 0)
    func added(_ sums: [Double], _ curve: [[Double]]) -> [Double] {
      zip(sums, curve).map { $0 + $1.reduce(0, +) }
    }
    curves[name] = (
      added(sums.deletion, drawn.deletion), added(sums.insertion, drawn.insertion),
      sums.count + batch.count
    )
  }

  /// Only examples whose mask marks something, and whose contributions are not all 0, count.
  private mutating func inside(_ name: String, _ magnitudes: [[Float]], _ masks: Tensor) {
    let marks = masks.rank == 4 ? masks.mean([1]).flattened : masks
    for (row, own) in magnitudes.enumerated() {
      let mask = marks.select(0, row).floats()
      let total = own.reduce(0, +)
      guard total > 0, mask.contains(where: { $0 > 0 }) else { continue }
      let share = zip(own, mask).reduce(0) { $0 + $1.0 * $1.1 } / total
      add(.shareInMask, name, [Double(share)])
      add(.maskedShare, name, [Double(mask.reduce(0, +)) / Double(mask.count)])
    }
  }

  private func agreements(_ magnitudes: [[Float]], _ others: Tensor) -> [Double?] {
    zip(magnitudes, Self.magnitudes(others)).map { Ranks.agreement($0, $1) }
  }

  /// The magnitude of the contribution at each place of each example.
  private static func magnitudes(_ contributions: Tensor) -> [[Float]] {
    let sizes = contributions.perPlace.absolute.contiguous
    return (0..<sizes.shape[0]).map { sizes.select(0, $0).floats() }
  }

  private mutating func add(
    _ measure: TrustName, _ method: String, _ values: [Double?], with other: String? = nil
  ) {
    let key = Key(measure: measure, method: method, other: other)
    if found[key] == nil { order.append(key) }
    found[key, default: []] += values.compactMap(\.self).filter(\.isFinite)
  }
}
