import Foundation
import ModelCore
import Support

/// The data set `toy-colors`: pictures of 5 x 5 pixels in four colours, whose two classes differ by
/// two rules at once.
///
/// The colours are red (255, 0, 0), green (0, 255, 0), blue (0, 128, 255) and violet (128, 0, 255).
/// The values are these numbers, from 0 to 255. In the class `both rules`,
///
/// 1. the four corners have the same colour, and
/// 2. the three pixels in the middle of the top row have three different colours;
///
/// in the class `neither rule`, neither holds. A network can learn either rule. Each class is as
/// likely as the other. All pixels are drawn uniformly, and then those that the rules speak of are
/// drawn again until they are as their class wants them (see `applyBothRules` and
/// `applyNeitherRule`). The masks, the same for all pictures, mark the pixels of one rule or of
/// both. Source: A. Ross, M. Hughes and F. Doshi-Velez, "Right for the Right Reasons" (2017), and
/// its code.
struct ToyColors: GeneratedData {
  static let entry = DatasetEntry(
    name: "toy-colors",
    summary: "5 x 5 pixels in four colours, two classes that differ by two rules at once",
    classNames: ["both rules", "neither rule"],
    shape: InputShape(channels: 3, height: 5, width: 5),
    counts: [.train: 20_000, .test: 20_000], format: .generated(ToyColors.self), origin: .none,
    files: [])

  /// The pixels that the masks mark, which a network must not use.
  enum Mask: String, CaseIterable {
    /// The four corners, of which rule 1 speaks: 12 numbers.
    case corners
    /// The three pixels in the middle of the top row, of which rule 2 speaks: 9 numbers.
    case top
    /// The pixels of both rules: 21 numbers.
    case both

    /// The pixels, row by row.
    var pixels: [Int] {
      switch self {
      case .corners: ToyColors.corners
      case .top: ToyColors.topMiddle
      case .both: ToyColors.corners + ToyColors.topMiddle
      }
    }
  }

  /// Red, green, blue and violet.
  static let colors: [[UInt8]] = [[255, 0, 0], [0, 255, 0], [0, 128, 255], [128, 0, 255]]
  static let corners = [0, 4, 20, 24]
  static let topMiddle = [1, 2, 3]
  private static let area = 25

  private let mask: Mask

  init(_ options: Settings) throws {
    let word = try options.choice(
      "mask", of: Mask.allCases.map(\.rawValue), default: Mask.corners.rawValue,
      "the pixels that must not matter")
    mask = Mask(rawValue: word)!
  }

  func load(_ split: Split, name: String, from folder: URL) throws -> LabelledImages {
    // pixels [N, 3, 5, 5], masks [N, 1, 5, 5]
    let count = Self.entry.counts[split]!
    let draws = Self.draws(split.rawValue, examples: 0..<count)
    let labels = draws.purpose("class").integers(below: 2).int64s()
    var pictures = draws.purpose("colours").integers(below: 4, [Self.area]).int64s().map(Int.init)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count * Self.area * 3)
    let seed = draws.purpose("rules").seed
    for index in 0..<count {
      let range = index * Self.area..<(index + 1) * Self.area
      var words = RandomWords(seed, stream: UInt64(index))
      if labels[index] == 0 {
        Self.applyBothRules(to: &pictures[range], &words)
      } else {
        Self.applyNeitherRule(to: &pictures[range], &words)
      }
      for channel in 0..<3 { pixels += pictures[range].map { Self.colors[$0][channel] } }
    }
    let marked = mask.pixels
    let one = (0..<Self.area).map { UInt8(marked.contains($0) ? 1 : 0) }
    return try LabelledImages(
      name: name, classNames: Self.entry.classNames,
      pixels: Tensor(pixels, shape: [count] + Self.entry.shape.sizes), labels: labels,
      masks: Tensor(one, shape: [1, 1, 5, 5]).expanded([count, 1, 5, 5]), valueRange: 0...255)
  }

  /// Gives all corners the colour of the lower right one. While two of the three pixels in the
  /// middle of the top row are equal, draws the colour of a random one of them again.
  private static func applyBothRules(to picture: inout ArraySlice<Int>, _ words: inout RandomWords)
  {
    let first = picture.startIndex
    for corner in corners { picture[first + corner] = picture[first + 24] }
    while !haveDifferentColors(picture) {
      picture[first + 1 + words.next(below: 3)] = words.next(below: 4)
    }
  }

  /// With probability ½, draws the colour of the upper right corner again while it is that of the
  /// lower left one; otherwise the upper left corner's while it is that of the lower right one. While
  /// the three pixels in the middle of the top row differ, draws the colour of a random one of them
  /// again.
  private static func applyNeitherRule(
    to picture: inout ArraySlice<Int>, _ words: inout RandomWords
  ) {
    let first = picture.startIndex
    let (changed, opposite) = words.next(below: 2) == 0 ? (4, 20) : (0, 24)
    while picture[first + changed] == picture[first + opposite] {
      picture[first + changed] = words.next(below: 4)
    }
    while haveDifferentColors(picture) {
      picture[first + 1 + words.next(below: 3)] = words.next(below: 4)
    }
  }

  private static func haveDifferentColors(_ picture: ArraySlice<Int>) -> Bool {
    Set(topMiddle.map { picture[picture.startIndex + $0] }).count == 3
  }
}

/// The words of one stream of Philox, one after the other.
private struct RandomWords {
  private let philox: Philox
  private let stream: SIMD2<UInt32>
  private var block = SIMD4<UInt32>()
  private var taken: UInt32 = 0

  init(_ seed: Seed, stream: UInt64) {
    philox = Philox(key: seed.value)
    self.stream = SIMD2(
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
  }

  /// A whole number in 0..<`bound`, equally likely to within 2⁻³² · `bound`.
  mutating func next(below bound: Int) -> Int {
    if taken % 4 == 0 { block = philox.block(SIMD4(taken / 4, 0, stream.x, stream.y)) }
    defer { taken += 1 }
    return Int((UInt64(block[Int(taken % 4)]) * UInt64(bound)) >> 32)
  }
}
