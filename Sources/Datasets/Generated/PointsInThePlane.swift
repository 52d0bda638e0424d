import Foundation
import ModelCore
import Support

/// The data sets `two-classes-2d` and `three-classes-2d`: points in the plane, drawn uniformly, with
/// curved borders between the classes. They show what input gradients look like.
///
/// - `two-classes-2d`: points of −50 to 50 in both coordinates. The class is `outside` where
///   x⁴ + y⁴ is more than .66 times its mean 2 · 50⁴ / 5, and `inside` elsewhere.
/// - `three-classes-2d`: points of 0 to 100 in both coordinates. The class is 0 where
///   x² + y² > 7000 and 3x − 17y < 14; else 1 where x^2.5 + 12 sin y < 50 or x > 45 or y < 5 + .5x;
///   else 2.
///
/// Source: A. Ross, M. Hughes and F. Doshi-Velez, "Right for the Right Reasons" (2017), figure 1,
/// and its code.
enum PointsInThePlane {
  /// The data set `two-classes-2d`.
  struct TwoClasses: PlanarPoints {
    static let entry = planarEntry(
      name: "two-classes-2d", summary: "points in the plane inside and outside of a rounded square",
      classNames: ["inside", "outside"], train: 20_000, TwoClasses.self)
    static let range = -50.0...50.0

    init(_ options: Settings) throws {}

    static func label(_ x: Double, _ y: Double) -> Int64 {
      pow(x, 4) + pow(y, 4) > 0.66 * 2 * pow(50, 4) / 5 ? 1 : 0
    }
  }

  /// The data set `three-classes-2d`.
  struct ThreeClasses: PlanarPoints {
    static let entry = planarEntry(
      name: "three-classes-2d", summary: "points in the plane in three regions with curved borders",
      classNames: ["0", "1", "2"], train: 30_000, ThreeClasses.self)
    static let range = 0.0...100.0

    init(_ options: Settings) throws {}

    static func label(_ x: Double, _ y: Double) -> Int64 {
      if x * x + y * y > 7000, 3 * x - 17 * y < 14 { return 0 }
      return pow(x, 2.5) + 12 * sin(y) < 50 || x > 45 || y < 5 + 0.5 * x ? 1 : 2
    }
  }
}

/// Points in the plane whose class is a function of their coordinates.
protocol PlanarPoints: GeneratedData {
  /// The range from which both coordinates are drawn.
  static var range: ClosedRange<Double> { get }
  /// The class of a point.
  static func label(_ x: Double, _ y: Double) -> Int64
}

extension PlanarPoints {
  func load(_ split: Split, name: String, from folder: URL) throws -> LabelledImages {
    // points [N, 2]
    let range = Self.range
    let points = Self.draws(split.rawValue, examples: 0..<Self.entry.counts[split]!)
      .uniform([2], in: range.lowerBound..<range.upperBound)
    let numbers = points.floats().map(Double.init)
    return try LabelledImages(
      name: name, classNames: Self.entry.classNames, pixels: points,
      labels: stride(from: 0, to: numbers.count, by: 2).map {
        Self.label(numbers[$0], numbers[$0 + 1])
      },
      valueRange: range)
  }

  /// The entry of a data set of points, with 5,000 test points.
  static func planarEntry(
    name: String, summary: String, classNames: [String], train: Int,
    _ type: any GeneratedData.Type
  ) -> DatasetEntry {
    DatasetEntry(
      name: name, summary: summary, classNames: classNames, shape: InputShape(features: 2),
      counts: [.train: train, .test: 5000], format: .generated(type), origin: .none, files: [])
  }
}
