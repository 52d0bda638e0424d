import Foundation
import ModelCore
import Support

/// The data set `clusters-2d`: nine clusters of points in the plane, whose class depends on the
/// first coordinate only while the second one separates them, too.
///
/// There are three groups of three clusters of 100 points each. In group g the first coordinate is
/// −2, 0 or 2 by cluster, plus 1.2 in the middle group, plus normal noise of deviation .2; the second
/// one is exactly 20 · (g − 1). The middle cluster of each group has class 1, the others class 0.
/// The masks mark the second coordinate. Of all points, drawn at random, 70 % are the training set,
/// 10 % the validation set and 20 % the test set. The values range from −40 to 40, so that every
/// point can change by 20 in both directions.
///
/// Source: J. Heo, V. Piratla, M. Wicker and A. Weller, "Use Perturbations when Learning from
/// Explanations" (2023), figure 1, and its code (whose groups are the classes).
struct Clusters: GeneratedData {
  static let entry = DatasetEntry(
    name: "clusters-2d",
    summary: "nine clusters in the plane, whose class must not depend on the second coordinate",
    classNames: ["outer", "middle"], shape: InputShape(features: 2), splits: Split.allCases,
    counts: [.train: 630, .validation: 90, .test: 180], format: .generated(Clusters.self),
    origin: .none, files: [])

  private static let pointsPerCluster = 100
  private static let centers = [-2.0, 0, 2]
  private static let deviation = 0.2
  private static let shift = 1.2
  private static let heights = [-20.0, 0, 20]

  init(_ options: Settings) throws {}

  func load(_ split: Split, name: String, from folder: URL) throws -> LabelledImages {
    // points [N, 2]
    let count = Self.pointsPerCluster * Self.centers.count * Self.heights.count
    let uniform = Self.draws("first coordinate", examples: 0..<count).uniform([2]).floats()
    let order = Self.randomOrder("splits", count: count)
    let (train, validation) = (Self.entry.counts[.train]!, Self.entry.counts[.validation]!)
    let chosen =
      switch split {
      case .train: order[..<train]
      case .validation: order[train..<train + validation]
      case .test: order[(train + validation)...]
      }
    // Points 0 to 99 are the first cluster of the first group, points 100 to 199 its second one.
    let clusters = chosen.map { $0 / Self.pointsPerCluster % Self.centers.count }
    let groups = chosen.map { $0 / Self.pointsPerCluster / Self.centers.count }
    let points = zip(chosen, zip(clusters, groups)).flatMap { place, kind in
      let center = Self.centers[kind.0] + (kind.1 == 1 ? Self.shift : 0)
      let noise = Self.normal(Double(uniform[2 * place]), Double(uniform[2 * place + 1]))
      return [Float(center + Self.deviation * noise), Float(Self.heights[kind.1])]
    }
    return try LabelledImages(
      name: name, classNames: Self.entry.classNames,
      pixels: Tensor(points, shape: [chosen.count, 2]), labels: clusters.map { $0 == 1 ? 1 : 0 },
      groups: groups.map(Int64.init),
      groupNames: Self.heights.map { "second coordinate \($0.plainDecimal)" },
      masks: Tensor([0, 1] as [UInt8], shape: [1, 2]).expanded([chosen.count, 2]),
      valueRange: -40...40)
  }
}
