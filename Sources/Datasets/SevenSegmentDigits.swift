import ModelCore
import Support

/// The data set `synthetic`: digits of a seven-segment display, drawn at random.
///
/// It needs no file and serves for tests and quick trials. Each image shows one digit, shifted by
/// up to a seventh of the picture, with strokes of varying brightness and width and with noise on
/// every pixel. A small network learns the digits in seconds, but not perfectly in its first steps.
/// Image `i` of a split shows the digit `i % 10` and depends only on the seed, the split and `i`.
public struct SevenSegmentDigits: Sendable {
  /// The default number of images in each split.
  public static let counts: [Split: Int] = [.train: 2000, .test: 500]

  static let classNames = (0...9).map(String.init)

  /// One channel, `size` by `size` pixels.
  public let shape: InputShape
  private let seed: Seed

  /// - Parameters:
  ///   - seed: the seed; the same seed draws the same images on every machine.
  ///   - size: width and height in pixels, at least 14.
  public init(seed: Seed = Seed(1), size: Int = 28) {
    precondition(size >= 14, "expected at least 14 pixels, found \(size)")
    shape = InputShape(channels: 1, height: size, width: size)
    self.seed = seed
  }

  /// Draws the first `count` images of a split, by default as many as `counts` states.
  /// - Throws: `Failure.missing` for a split of which `counts` states no number.
  public func images(_ split: Split, count: Int? = nil) throws -> LabelledImages {
    guard let count = count ?? Self.counts[split] else {
      throw Failure.missing("synthetic has no split '\(split.rawValue)', only train and test")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count * shape.count)
    for index in 0..<count {
      pixels += picture(of: index % 10, seed: seed.derive("\(split.rawValue)/\(index)"))
    }
    return try LabelledImages(
      name: "synthetic:\(split.rawValue)", shape: shape, classNames: Self.classNames,
      pixels: pixels,
      labels: (0..<count).map { Int64($0 % 10) })
  }

  /// The segments lit for each digit: top, upper left, upper right, middle, lower left, lower
  /// right, bottom.
  private static let lit: [[Int]] = [
    [0, 1, 2, 4, 5, 6], [2, 5], [0, 2, 3, 4, 6], [0, 2, 3, 5, 6], [1, 2, 3, 5],
    [0, 1, 3, 5, 6], [0, 1, 3, 4, 5, 6], [0, 2, 5], [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 5, 6],
  ]

  private func picture(of digit: Int, seed: Seed) -> [UInt8] {
    // pixels [H, W], from 0 to 255
    var random = SplitMix64(state: seed.value)
    let size = shape.width
    var pixels = (0..<shape.count).map { _ in random.next(below: 64) }
    // The digit is 3/7 of the picture wide and 5/7 high, which leaves a seventh above and below it
    // for the shift.
    let reach = size / 7
    let left = 2 * size / 7 + random.next(below: 2 * reach + 1) - reach
    let top = size / 7 + random.next(below: 2 * reach + 1) - reach
    let stroke = size / 14 + random.next(below: 1 + size / 28)
    for segment in Self.lit[digit] {
      let brightness = 96 + random.next(below: 96)
      let (rows, columns) = box(of: segment, left: left, top: top, stroke: stroke)
      for row in rows {
        for column in columns {
          pixels[row * size + column] = brightness + pixels[row * size + column] % 64
        }
      }
    }
    return pixels.map { UInt8($0) }
  }

  /// The pixels of one segment of a digit whose upper left corner is at (left, top).
  private func box(of segment: Int, left: Int, top: Int, stroke: Int) -> (
    rows: Range<Int>, columns: Range<Int>
  ) {
    let width = 3 * shape.width / 7
    let half = 5 * shape.height / 14
    let isHorizontal = segment % 3 == 0
    if isHorizontal {
      // 0, 3 and 6 lie at the top, in the middle and at the bottom.
      let row = min(top + segment / 3 * half, top + 2 * half - stroke)
      return (row..<row + stroke, left..<left + width)
    }
    let column = segment == 1 || segment == 4 ? left : left + width - stroke
    let row = segment < 3 ? top : top + half
    return (row..<row + half, column..<column + stroke)
  }
}

/// The generator of 64-bit random numbers of G. Steele, D. Lea and C. Flood, "Fast Splittable
/// Pseudorandom Number Generators" (2014). It computes with whole numbers only, so every machine
/// draws the same numbers.
private struct SplitMix64 {
  var state: UInt64

  /// Draws a number from 0 to `bound - 1`: the upper 64 bits of the product of `bound` and 64
  /// random bits. The bias is below `bound / 2^64`.
  mutating func next(below bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    mixed ^= mixed >> 31
    return Int(mixed.multipliedFullWidth(by: UInt64(bound)).high)
  }
}
