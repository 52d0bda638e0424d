import Datasets
import Foundation
import ModelCore
import Support

/// The classes that a model predicts over the plane of the two features of a table, with two classes
/// also the log-odds, and the file that keeps them for figures.
///
/// The map has `size` x `size` places, which divide the ranges of the two features in the data into
/// equal parts. A decision that ignores a feature is the same along each line in its direction:
/// `steadyShare` measures how nearly this holds. J. Heo, V. Piratla, M. Wicker and A. Weller (2023)
/// show such maps in their figure 1, and A. Ross, "Training Machine Learning Models by Regularizing
/// their Explanations" (2018), contours of the log-odds in his figure 24. `curvature` measures how
/// far the log-odds are from a linear function.
public struct DecisionMap: Codable, Equatable, Sendable {
  /// An example of the data.
  public struct Point: Codable, Equatable, Sendable {
    public let features: [Double]
    public let label: Int
  }

  public let model: String
  public let classNames: [String]
  /// The smallest and the largest value of the first and of the second feature in the data.
  public let ranges: [ClosedRange<Double>]
  /// The number of places along each feature.
  public let size: Int
  /// The predicted class at each place, −1 where a logit is not a number (NaN). The first feature
  /// changes fastest: the place (i, j) has the index i + size·j.
  public let classes: [Int]
  /// The log-odds of the second of two classes at each place, in the same order: the difference of
  /// the logits. nil for more classes, and if one of the numbers is not finite.
  public let logOdds: [Double]?
  /// The first examples of the data.
  public let points: [Point]

  /// The largest number of examples in `points`.
  static let pointCount = 500

  /// Whether data have a map: they are tables of two features.
  static func isDefined(for data: LabelledImages) -> Bool { data.shape.sizes == [2] }

  /// Computes the map.
  /// - Parameters:
  ///   - contestant: the model.
  ///   - data: the examples that span the map.
  ///   - size: the number of places along each feature.
  /// - Returns: nil unless the data are tables of two features.
  public init?(of contestant: Contestant, on data: LabelledImages, size: Int = 100) {
    guard Self.isDefined(for: data), data.count > 0 else { return nil }
    // rows [N, 2]; axes [2][size]; grid [size·size, 2]
    let rows = data.batch(0..<data.count).images
    let (low, high) = (rows.min([0]).floats(), rows.max([0]).floats())
    ranges = zip(low, high).map { Double($0)...Double($1) }
    let axes = ranges.map { range in
      (0..<size).map {
        range.lowerBound + (range.upperBound - range.lowerBound)
          * ((Double($0) + 0.5) / Double(size))
      }
    }
    let grid = axes[1].flatMap { second in axes[0].flatMap { [Float($0), Float(second)] } }
    let classifier = contestant.classifier
    let points = Tensor(grid, shape: [size * size, 2]).to(classifier.device)
    classes = classifier.predictions(points).int64s().map(Int.init)
    logOdds = Self.logOdds(of: classifier, at: points)
    (model, classNames, self.size) = (contestant.name, data.classNames, size)
    let shown = min(data.count, Self.pointCount)
    let values = rows.narrow(0, 0, shown).floats().map(Double.init)
    self.points = zip(0..<shown, data.labels.int64s()).map { place, label in
      Point(features: [values[2 * place], values[2 * place + 1]], label: Int(label))
    }
  }

  /// The class at the place (i, j).
  public func predicted(_ first: Int, _ second: Int) -> Int { classes[first + size * second] }

  /// The share of the lines in the direction of a feature, one for each place of the other feature,
  /// on which the model predicts one class everywhere: 1 if its decision ignores the feature.
  /// - Parameter feature: 0 for the first feature, and 1 for the second one.
  public func steadyShare(along feature: Int) -> Double {
    let steady = (0..<size).count { line in
      let start = feature == 0 ? predicted(0, line) : predicted(line, 0)
      return (1..<size).allSatisfy {
        (feature == 0 ? predicted($0, line) : predicted(line, $0)) == start
      }
    }
    return Double(steady) / Double(size)
  }

  private static func logOdds(of classifier: any Classifier, at points: Tensor) -> [Double]? {
    guard classifier.classCount == 2 else { return nil }
    // logits [size·size, 2]
    let logits = withoutGradients { classifier.logits(points) }
    let values = (logits.select(1, 1) - logits.select(1, 0)).floats()
    guard values.allSatisfy(\.isFinite) else { return nil }
    // The shortest decimal number that is the same float32, so that the file is small.
    return values.map { Double("\($0)") ?? Double($0) }
  }

  /// The root mean square of the Frobenius norm of the log-odds' second derivative (Hessian) in the
  /// features, over all places that are not at the rim, from differences between neighbours. Its unit
  /// is 1 over the product of the units of two features. It is 0 for linear log-odds, whose decision
  /// boundary is straight, up to the rounding of the logits to float32: about 10⁻⁷ of the log-odds,
  /// divided by the squared side of a place. nil without log-odds.
  public var curvature: Double? {
    guard let logOdds, size >= 3 else { return nil }
    let steps = ranges.map { ($0.upperBound - $0.lowerBound) / Double(size) }
    guard steps.allSatisfy({ $0 > 0 }) else { return nil }
    let (dx, dy) = (steps[0], steps[1])
    var sum = 0.0
    for j in 1..<size - 1 {
      for i in 1..<size - 1 {
        func f(_ right: Int, _ up: Int) -> Double { logOdds[i + right + size * (j + up)] }
        let xx = (f(1, 0) - 2 * f(0, 0) + f(-1, 0)) / (dx * dx)
        let yy = (f(0, 1) - 2 * f(0, 0) + f(0, -1)) / (dy * dy)
        let xy = (f(1, 1) - f(1, -1) - f(-1, 1) + f(-1, -1)) / (4 * dx * dy)
        sum += xx * xx + yy * yy + 2 * xy * xy
      }
    }
    return (sum / Double((size - 2) * (size - 2))).squareRoot()
  }

  // MARK: The file

  private struct Document: Codable {
    var format = 2
    /// The digest of everything the map depends on.
    let request: String
    let map: DecisionMap
  }

  func write(request: String, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(Document(request: request, map: self))
    try AtomicFile.write(data + Data("\n".utf8), to: url)
  }

  /// Reads a stored map.
  /// - Parameter request: the request that the map must belong to; nil accepts any.
  /// - Returns: nil if the file is missing or damaged, or belongs to another request.
  init?(_ url: URL, request: String? = nil) {
    guard let data = try? Data(contentsOf: url),
      let document = try? JSONDecoder().decode(Document.self, from: data), document.format == 2,
      request.map({ $0 == document.request }) ?? true
    else { return nil }
    let map = document.map
    guard map.size > 0, map.classes.count == map.size * map.size, map.ranges.count == 2,
      map.points.allSatisfy({ $0.features.count == 2 }),
      map.logOdds.map({ $0.count == map.classes.count }) ?? true
    else { return nil }
    self = map
  }

  /// The map of a model that is stored in a run folder; nil if there is none.
  public static func stored(for model: String, in folder: URL) -> DecisionMap? {
    DecisionMap(RunFolder.decisions(model, in: folder))
  }
}
