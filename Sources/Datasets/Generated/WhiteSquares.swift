import Foundation
import ModelCore
import Support

/// The data set `white-squares`: grey pictures of 16 x 16 pixels with a white square on a darker
/// background, whose classes two rules tell apart at once.
///
/// Four numbers determine a picture: the side of the square, the two coordinates of its centre, and
/// the value of the background. The side is drawn from 3 to 5 pixels (small) or 6 to 8 (large), the
/// background from 0 to .4 (dark) or .5 to .9 (light), and each coordinate of the centre within one
/// pixel of the middle. The square has the value 1. A pixel that it covers in part has the mean of
/// square and background, weighted by area.
///
/// In the training pictures every large square lies on a light background and every small one on a
/// dark background, so that size and background both predict the class. The test set has three
/// groups of 2,000 pictures:
///
/// - `confounded`: size and background agree, as in the training set.
/// - `by size`: the class is the size, and the background is drawn independently of it.
/// - `by background`: the class is the background, and the size is drawn independently of it.
///
/// A model that uses the size alone is right in the second group, and at chance in the third one.
/// With the option `factors=free`, size and background are independent in all pictures, and the
/// class is the size. An autoencoder that learns from these pictures can tell them apart.
///
/// Source: A. Ross, "Training Machine Learning Models by Regularizing their Explanations" (2018),
/// chapter 4, which describes the idea. The ranges and the number of pictures are ours.
struct WhiteSquares: GeneratedData {
  static let entry = DatasetEntry(
    name: "white-squares",
    summary: "white squares on grey, 16 x 16, whose class size and background both predict",
    classNames: ["small or dark", "large or light"],
    shape: InputShape(channels: 1, height: side, width: side),
    counts: [.train: 10_000, .test: 3 * groupSize], format: .generated(WhiteSquares.self),
    origin: .none, files: [])

  private static let side = 16
  private static let groupSize = 2000
  private static let sizes = [3.0...5.0, 6.0...8.0]
  private static let backgrounds = [0...0.4, 0.5...0.9]
  /// The largest distance of the centre from the middle along each coordinate.
  private static let shift = 1.0

  /// What the class of a picture says.
  private enum Rule: Int, CaseIterable {
    case confounded, size, background

    var groupName: String {
      switch self {
      case .confounded: "confounded"
      case .size: "by size"
      case .background: "by background"
      }
    }
  }

  private let areFactorsFree: Bool

  init(_ options: Settings) throws {
    let word = try options.choice(
      "factors", of: ["confounded", "free"], default: "confounded",
      "whether size and background agree in the training pictures")
    areFactorsFree = word == "free"
  }

  func load(_ split: Split, name: String, from folder: URL) throws -> LabelledImages {
    // pixels [N, 1, 16, 16]
    let count = Self.entry.counts[split]!
    let part = split.rawValue + (areFactorsFree ? " free" : "")
    let draws = Self.draws(part, examples: 0..<count)
    let labels = draws.purpose("class").integers(below: 2).int64s()
    let others = draws.purpose("independent factor").integers(below: 2).int64s()
    let factors = draws.purpose("factors").uniform([4]).floats().map(Double.init)
    let rules = (0..<count).map { index in
      areFactorsFree
        ? Rule.size : split == .train ? .confounded : Rule.allCases[index / Self.groupSize]
    }
    var pixels: [Float] = []
    pixels.reserveCapacity(count * Self.side * Self.side)
    for index in 0..<count {
      let (label, other) = (Int(labels[index]), Int(others[index]))
      let own = factors[4 * index..<4 * index + 4]
      pixels += Self.picture(
        size: rules[index] == .background ? other : label,
        background: rules[index] == .size ? other : label, Array(own))
    }
    return try LabelledImages(
      name: name, classNames: Self.entry.classNames,
      pixels: Tensor(pixels, shape: [count] + Self.entry.shape.sizes), labels: labels,
      groups: rules.map { Int64($0.rawValue) }, groupNames: Rule.allCases.map(\.groupName),
      valueRange: 0...1)
  }

  /// One picture, row by row.
  /// - Parameters:
  ///   - size: 0 for a small square and 1 for a large one.
  ///   - background: 0 for a dark background and 1 for a light one.
  ///   - shares: where the side, the background and the two coordinates of the centre lie within
  ///     their ranges, from 0 to 1.
  private static func picture(size: Int, background: Int, _ shares: [Double]) -> [Float] {
    func within(_ range: ClosedRange<Double>, _ share: Double) -> Double {
      range.lowerBound + (range.upperBound - range.lowerBound) * share
    }
    let half = within(sizes[size], shares[0]) / 2
    let grey = within(backgrounds[background], shares[1])
    let covered = shares[2...].map { share in
      let middle = Double(side) / 2
      let center = within(middle - shift...middle + shift, share)
      // The part of each row or column of pixels that the square covers.
      return (0..<side).map { place in
        max(0, min(Double(place + 1), center + half) - max(Double(place), center - half))
      }
    }
    return covered[1].flatMap { row in
      covered[0].map { column in Float(grey + (1 - grey) * row * column) }
    }
  }
}
