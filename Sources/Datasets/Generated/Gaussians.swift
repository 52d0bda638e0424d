import Foundation
import ModelCore
import Support

/// The data set `gaussians-2d`: points in the plane from two normal distributions that overlap.
///
/// Each class is as likely as the other. The points of class `lower` are normal around (−.7, −.7) and
/// those of class `upper` around (.7, .7), with variance 1 in both coordinates. The best decision
/// boundary is therefore the straight line x + y = 0, whose accuracy is Φ(.7 · √2) = 83.9 %. The
/// training set has only 60 points, which a network can fit better with a curved boundary. Values
/// beyond −6 and 6, at most one in a million, are clipped.
struct Gaussians: GeneratedData {
  static let entry = DatasetEntry(
    name: "gaussians-2d",
    summary: "few points of two overlapping normal distributions, best divided by a straight line",
    classNames: ["lower", "upper"], shape: InputShape(features: 2),
    counts: [.train: 60, .test: 5000], format: .generated(Gaussians.self), origin: .none, files: [])

  private static let center = 0.7
  private static let limit = 6.0

  init(_ options: Settings) throws {}

  func load(_ split: Split, name: String, from folder: URL) throws -> LabelledImages {
    // points [N, 2]
    let count = Self.entry.counts[split]!
    let draws = Self.draws(split.rawValue, examples: 0..<count)
    let labels = draws.purpose("class").integers(below: 2).int64s()
    let uniform = draws.purpose("coordinates").uniform([4]).floats().map(Double.init)
    let points = (0..<count).flatMap { index in
      (0..<2).map { coordinate -> Float in
        let place = 4 * index + 2 * coordinate
        let noise = Self.normal(uniform[place], uniform[place + 1])
        let value = (labels[index] == 1 ? Self.center : -Self.center) + noise
        return Float(min(Self.limit, max(-Self.limit, value)))
      }
    }
    return try LabelledImages(
      name: name, classNames: Self.entry.classNames, pixels: Tensor(points, shape: [count, 2]),
      labels: labels, valueRange: -Self.limit...Self.limit)
  }
}
