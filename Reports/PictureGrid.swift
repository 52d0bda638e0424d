import Datasets
import ImageSets
import ModelCore

/// Pictures of one size in rows and columns, with a space between them.
enum PictureGrid {
  /// The space between two pictures, in pixels.
  static let gap = 2
  /// The colour of the space: a grey that neither glares on a dark page nor looks heavy on a white
  /// one.
  static let paper: [UInt8] = [140, 146, 153]

  /// The grid as one picture.
  /// - Parameters:
  ///   - rows: at least one row with at least one picture; all rows have as many.
  ///   - background: the colour of the space as `[red, green, blue]`.
  static func drawn(
    _ rows: [[Picture]], gap: Int = PictureGrid.gap, background: [UInt8] = PictureGrid.paper
  ) -> Picture {
    let shape = rows[0][0].shape
    let (width, height) = (shape.width + gap, shape.height + gap)
    var canvas = Canvas(
      width: rows[0].count * width - gap, height: rows.count * height - gap, color: background)
    for (row, pictures) in rows.enumerated() {
      for (column, picture) in pictures.enumerated() {
        canvas.put(picture, x: column * width, y: row * height)
      }
    }
    return canvas.picture
  }

  /// One row of pictures from bytes, uint8 `[m, C, H, W]`.
  static func row(_ bytes: Tensor) -> [Picture] {
    let shape = InputShape(
      channels: bytes.shape[1], height: bytes.shape[2], width: bytes.shape[3])
    return (0..<bytes.shape[0]).map {
      Picture(shape: shape, pixels: bytes.select(0, $0).contiguous.bytes())
    }
  }
}
