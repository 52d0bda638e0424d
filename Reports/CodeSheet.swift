import Datasets
import Evaluation
import ImageSets
import ModelCore
import Support

/// What an autoencoder's codes mean: one row of drawn pictures for each code, in which the code grows
/// from left to right.
struct CodeSheet {
  private let codes: CodePictures

  /// - Returns: nil for pictures that cannot be drawn.
  init?(_ codes: CodePictures) {
    guard codes.pictures.select(0, 0).canBeDrawn else { return nil }
    self.codes = codes
  }

  func sheet() throws -> ImageSheet {
    let picture = draw()
    let spreads = zip(codes.numbers, codes.spread).map { "code \($0) \(text($1))" }
    let values = CodePictures.values
    return ImageSheet(
      title: "What the codes mean",
      caption: """
        One row for each code of the autoencoder, in the order of their numbers; of more than 20 codes, \
        those that vary most. From left to right the code grows from \(text(values[0])) to \
        \(text(values[values.count - 1])), while all other codes are 0, and the decoder draws the picture. The standard deviation of each code over the training \
        pictures is \(listed(spreads)). A code whose deviation is near 0 is unused.
        """,
      alt: "Pictures that the decoder draws while one of \(codes.spread.count) codes grows",
      png: try PNG.encode(picture), width: picture.shape.width, height: picture.shape.height)
  }

  private func text(_ number: Double) -> String {
    let rounded = (abs(number) * 100).rounded() / 100
    return (number < 0 && rounded > 0 ? "−" : "") + rounded.plainDecimal
  }

  private func draw() -> Picture {
    PictureGrid.drawn(
      (0..<codes.pictures.shape[0]).map { row in
        PictureGrid.row(
          Quantization.bytes(codes.pictures.select(0, row), range: codes.valueRange))
      })
  }
}
