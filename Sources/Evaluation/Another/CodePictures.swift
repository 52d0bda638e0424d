import Datasets
import Foundation
import ModelCore
import Support

/// What an autoencoder's codes mean: for each code, the pictures that the decoder draws while this
/// code grows and all others stay at 0; and the file that keeps them for the report,
/// `another/codes.safetensors`.
///
/// The file's tensors are `picture`, float32 `[m, steps, C, H, W]`, and `spread`, float32 `[m]`, the
/// standard deviation of each code over the training pictures. A code with a spread near 0 is unused:
/// the autoencoder does not need it. Of more than 20 codes, those with the largest spread are shown.
public struct CodePictures: Sendable {
  /// The numbers of the codes, from 1.
  public let numbers: [Int]
  public let pictures: Tensor
  public let spread: [Double]
  /// The valid range of the pictures' values.
  public let valueRange: ClosedRange<Double>

  /// The values that a code takes from left to right. The codes of pictures have about the standard
  /// deviation 1 where they are used.
  public static let values: [Double] = [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]

  private static let mostCodes = 20

  /// - Parameter table: the codes of the training pictures.
  init(_ codes: PictureCodes, of table: LabelledImages) {
    let count = table.shape.count
    let values = table.batch(0..<table.count).images
    let centered = values - values.mean([0], keep: true)
    let spreads = centered.square.mean([0]).squareRoot.floats().map(Double.init)
    let shown = (0..<count).sorted { (-spreads[$0], $0) < (-spreads[$1], $1) }
      .prefix(Self.mostCodes).sorted()
    numbers = shown.map { $0 + 1 }
    spread = shown.map { spreads[$0] }
    valueRange = codes.autoencoder.valueRange
    let range = valueRange
    pictures = Tensor.stack(
      shown.map { code in
        let rows = Self.values.flatMap { value in
          (0..<count).map { $0 == code ? Float(value) : 0 }
        }
        return codes.draw(Tensor(rows, shape: [Self.values.count, count])).to(.cpu)
          .clamped(to: range)
      })
  }

  private struct Header: Codable {
    var format = 1
    let valueRange: ClosedRange<Double>
    let numbers: [Int]
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let header = try encoder.encode(Header(valueRange: valueRange, numbers: numbers))
    let spread = Tensor(spread.map(Float.init), shape: [spread.count])
    try SafetensorsFile.write(
      [("picture", pictures.contiguous), ("spread", spread)],
      metadata: ["crossfire": String(decoding: header, as: UTF8.self)], to: url)
  }

  /// The pictures that are stored in a run folder; nil if there are none.
  public static func stored(in folder: URL) -> CodePictures? {
    guard let file = try? SafetensorsFile(RunFolder.codes(in: folder)),
      let text = file.metadata["crossfire"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.format == 1, let pictures = try? file.tensor("picture"),
      let spread = try? file.tensor("spread"), pictures.rank == 5, pictures.type == .float32,
      spread.type == .float32, spread.shape == [pictures.shape[0]],
      pictures.shape[1] == values.count, header.numbers.count == pictures.shape[0]
    else { return nil }
    return CodePictures(
      numbers: header.numbers, pictures: pictures, spread: spread.floats().map(Double.init),
      valueRange: header.valueRange)
  }

  private init(
    numbers: [Int], pictures: Tensor, spread: [Double], valueRange: ClosedRange<Double>
  ) {
    self.numbers = numbers
    self.pictures = pictures
    self.spread = spread
    self.valueRange = valueRange
  }
}
