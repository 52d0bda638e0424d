import Foundation
import ModelCore
import Support

/// The data set `decoy-mnist`: MNIST's digits, each with a grey swatch that tells the digit in the
/// training set and nothing in the test set.
///
/// A swatch has 4 x 4 pixels and lies in one of the four corners, each equally likely. Its value is
/// 255 − 25 · digit; in the test set the digit is replaced by one that is drawn uniformly from 0 to
/// 9. The values are the raw pixels from 0 to 255. The masks mark the swatches. Source: A. Ross, M.
/// Hughes and F. Doshi-Velez, "Right for the Right Reasons" (2017), and its code.
struct DecoyMNIST: GeneratedData {
  static let entry = DecoyDigits.entry(
    name: "decoy-mnist",
    summary: "MNIST with a swatch in a corner whose grey tells the digit, in training only",
    channels: 1, counts: [.train: 60_000, .test: 10_000], DecoyMNIST.self)

  /// The width and the height of a swatch.
  static let side = 4

  private let groups: DecoyDigits.Groups

  init(_ options: Settings) throws { groups = try DecoyDigits.Groups(options) }

  static func isPresent(_ split: Split, in folder: URL) -> Bool { IDXFolder(folder).has(split) }

  static func files(of split: Split, in folder: URL) -> [URL] {
    IDXFolder(folder).files(of: DecoyDigits.source(of: split))
  }

  func load(_ split: Split, name: String, from folder: URL) throws -> LabelledImages {
    // pixels, masks [N, 1, 28, 28]
    let digits = try DecoyDigits.digits(for: split, from: folder)
    var pixels = digits.pixels.bytes()
    let labels = digits.labels.int64s()
    let draws = Self.draws(split.rawValue, examples: labels.indices)
    let corners = draws.purpose("corner").integers(below: 4).int64s().map(Int.init)
    let shown = split == .train ? labels : draws.purpose("digit").integers(below: 10).int64s()
    let (width, area) = (Self.entry.shape.width, Self.entry.shape.count)
    var masks = [UInt8](repeating: 0, count: pixels.count)
    for index in labels.indices {
      let value = UInt8(255 - DecoyDigits.step * Int(shown[index]))
      // Corners 0 to 3 are the upper left, the upper right, the lower left and the lower right one.
      let top = corners[index] < 2 ? 0 : width - Self.side
      let left = corners[index] % 2 == 0 ? 0 : width - Self.side
      for row in top..<top + Self.side {
        for column in left..<left + Self.side {
          let place = index * area + row * width + column
          pixels[place] = value
          masks[place] = 1
        }
      }
    }
    let shape = [labels.count] + Self.entry.shape.sizes
    return try LabelledImages(
      name: name, classNames: Self.entry.classNames, pixels: Tensor(pixels, shape: shape),
      labels: labels, groups: groups.of(labels, shown: shown), groupNames: groups.names,
      masks: Tensor(masks, shape: shape), valueRange: 0...255)
  }
}
