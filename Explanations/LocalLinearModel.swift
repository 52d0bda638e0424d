import Foundation
import ModelCore
import Support

/// LIME, local interpretable model-agnostic explanations: the coefficients of a linear model that is
/// fitted to the scalar at random neighbours of the example,
///
///     min over β₀, β of Σ_i π_i (s(x_i) − β₀ − z_i·β)² + ‖β‖²,   π_i = exp(−d_i²/width²)^½
///
/// A neighbour x_i is described by F interpretable features z_i, which differ by the kind of data
/// (`LimeNeighbours`): patches of a picture and words of a text that are present (1) or removed (0),
/// and for tables the quartile bins that agree with the example's, or the standardised values. d_i is
/// the neighbour's distance from the example. The square root is in the published program and not in
/// the paper; `root=false` leaves it out.
///
/// Source: M. Ribeiro, S. Singh and C. Guestrin, "Why should I trust you?" (2016), and their program
/// `lime` 0.2.
public struct LocalLinearModel: ExplanationMethod, Configurable {
  /// How neighbours are made.
  public enum Sampling: String, Sendable, CaseIterable {
    /// The grid of patches for pictures, words for rows of which nine tenths are 0, quartiles for other rows.
    case automatic
    case patches
    /// Connected segments of similar colour (`Superpixels`).
    case superpixels
    case words
    case quartiles
    /// Each feature is drawn from the normal distribution with its mean and deviation in the data.
    case continuous
  }

  /// What takes the place of a removed patch of a picture. A patch of one colour does not change if it
  /// gets its own mean colour.
  public enum Removed: String, Sendable, CaseIterable {
    /// The mean colour of the patch.
    case patchMean = "patch-mean"
    /// 0.
    case zero
    /// The smallest, the middle or the largest valid value.
    case lowest
    case middle
    case highest
    /// The mean colour of the picture.
    case mean

    /// In the shape of the image; nil for the mean colour of each patch.
    func fill(_ image: Tensor, in range: ClosedRange<Double>) -> Tensor? {
      Baseline(rawValue: rawValue)?.inputs(like: image, in: range, Background())
    }
  }

  public static let name = "lime"
  public static let title = "LIME"
  public static let summary =
    "a linear model fitted around the example, without gradients (Ribeiro et al. 2016)"
  public static let settings: [Setting<Self>] = [
    .explained(\.scalar),
    .optionalInt(
      "samples", \.samples, in: 10...1_000_000,
      "number of neighbours, the example among them; if not given, 1000 for pictures and 5000 for "
        + "rows, as in the program"),
    .choice("sampling", \.sampling, "how neighbours are made"),
    .int("patches", \.patches, in: 2...64, "number of patches along each side of a picture"),
    .choice("removed", \.removed, "what takes the place of a removed patch of a picture"),
    .int("segments", \.segments, in: 1...4096, "number of superpixels that is aimed at"),
    .double(
      "compactness", \.compactness, in: 0.001...1e6,
      "how much superpixels are like squares rather than like areas of one colour"),
    .optionalDouble(
      "width", \.width, in: 1e-6...1e6,
      "width of the kernel; if not given, 0.25 for pictures, 25 for words, and 0.75·√D for tables"),
    .bool("root", \.root, "whether the square root of the kernel is taken, as the program does"),
    .optionalInt(
      "features", \.features, in: 1...1_000_000,
      "number of features of the linear model, chosen by the largest weights; if not given, all"),
  ]
  public var scalar = ExplainedScalar.predictedProbability
  public var samples: Int?
  public var sampling = Sampling.automatic
  public var patches = 8
  public var removed = Removed.patchMean
  public var segments = 64
  public var compactness = 10.0
  public var width: Double?
  public var root = true
  public var features: Int?
  public var usesGradients: Bool { false }

  public init() {}
  public init(_ settings: Settings) throws { try read(settings) }

  public func check(_ shape: InputShape, _ background: Background) throws {
    let kind = chosen(shape.isPicture, background)
    guard (kind == .patches || kind == .superpixels) == shape.isPicture else {
      throw Failure.usage(
        "lime: sampling '\(kind.rawValue)' is for "
          + "\(shape.isPicture ? "rows of a table" : "pictures"), and the data are "
          + "\(shape.isPicture ? "pictures" : "rows of \(shape.count) numbers")",
        hint: "leave sampling out")
    }
    guard kind != .quartiles || !background.bins.isEmpty else {
      throw Failure.usage(
        "lime: expected data with few zeros for sampling 'quartiles', found nine tenths of zeros",
        hint: "use sampling=words")
    }
  }

  private func chosen(_ isPicture: Bool, _ background: Background) -> Sampling {
    guard sampling == .automatic else { return sampling }
    return isPicture ? .patches : background.isSparse ? .words : .quartiles
  }

  public func explain(_ batch: ExplainedBatch) -> Explanation {
    let rows = (0..<batch.count).map { place in
      let image = batch.images.narrow(0, place, 1)
      let draws = ExampleDraws(
        batch.draws.seed.derive("lime"), examples: [batch.draws.examples[place]])
      let neighbours = self.neighbours(
        of: image, in: batch.classifier.valueRange, draws, batch.background)
      let fitted = coefficients(neighbours, scores(of: neighbours, place, batch))
      batch.report(place + 1)
      return neighbours.spread(fitted)
    }
    return Explanation(Tensor.concatenate(rows).reshaped(batch.images.shape))
  }

  func neighbours(
    of image: Tensor, in range: ClosedRange<Double>, _ draws: ExampleDraws,
    _ background: Background
  ) -> LimeNeighbours {
    let samples = samples ?? (image.rank == 4 ? 1000 : 5000)
    return switch chosen(image.rank == 4, background) {
    case .words: LimeNeighbours(words: image, samples: samples, draws)
    case .quartiles: LimeNeighbours(bins: image, samples: samples, draws, background)
    case .continuous: LimeNeighbours(continuous: image, samples: samples, draws, background)
    case .superpixels:
      LimeNeighbours(
        superpixels: image, in: range, wanted: segments, compactness: compactness,
        fill: removed.fill(image, in: range), samples: samples, draws)
    case .patches, .automatic:
      LimeNeighbours(
        patches: image, perSide: patches, fill: removed.fill(image, in: range), samples: samples,
        draws)
    }
  }

  /// The scalar of each neighbour, float64 `[S]`.
  private func scores(of neighbours: LimeNeighbours, _ place: Int, _ batch: ExplainedBatch)
    -> Tensor
  {
    let parts = Swift.stride(from: 0, to: neighbours.count, by: batch.passSize).map { first in
      let range = first..<min(neighbours.count, first + batch.passSize)
      let inputs = neighbours.inputs(range).to(batch.images.device)
      let examples = Tensor(
        [Int64](repeating: Int64(place), count: range.count), shape: [range.count])
      return batch.values(of: scalar, at: inputs, examples: examples.to(batch.images.device))
    }
    return Tensor.concatenate(parts).to(.cpu).to(.float64)
  }

  /// The coefficients of the linear model, one for each interpretable feature.
  /// - Parameter scores: float64 `[S]`.
  func coefficients(_ neighbours: LimeNeighbours, _ scores: Tensor) -> [Double] {
    // z [S, F]; distances, weights [S]
    let z = neighbours.features.to(.float64)
    let width = width ?? neighbours.defaultWidth
    let exponents = neighbours.distances.to(.float64).square * (-1 / (width * width))
    let weights = (exponents * (root ? 0.5 : 1)).exponential
    guard let most = features, most < z.shape[1] else {
      return RidgeRegression(z, scores, weights: weights, alpha: 1).coefficients
    }
    // The features with the largest weights in a nearly unpenalised fit.
    let first = RidgeRegression(z, scores, weights: weights, alpha: 0.01).coefficients
    let own = z.select(0, 0).doubles()
    let kept = first.indices.sorted { abs(first[$0] * own[$0]) > abs(first[$1] * own[$1]) }
      .prefix(most).sorted()
    let fitted = RidgeRegression(
      z.indexSelect(1, Tensor(labels: kept)), scores, weights: weights, alpha: 1)
    var all = [Double](repeating: 0, count: first.count)
    for (place, feature) in kept.enumerated() { all[feature] = fitted.coefficients[place] }
    return all
  }
}
