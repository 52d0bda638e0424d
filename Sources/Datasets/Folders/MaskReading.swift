import Foundation
import ModelCore
import Support

/// How mask pictures are read: the options `threshold` and `marks`.
///
/// In a mask, 1 marks a pixel that must not influence the prediction. A grey picture has shares of
/// it: its bytes are divided by 255, or by 1 if no byte is more than 1.
struct MaskReading: Sendable, Equatable {
  /// Bytes above this number count as white and all others as black; nil if grey levels are shares.
  var threshold: Int?
  /// Whether the pictures mark what the prediction may depend on, so that they are inverted.
  var marksRelevant = false

  init() {}

  init(_ settings: Settings) throws {
    threshold = try settings.optionalInt(
      "threshold", in: 0...254, "bytes of a mask above this number count as 1, all others as 0")
    marksRelevant =
      try settings.choice(
        "marks", of: ["nuisance", "relevant"], default: "nuisance",
        "what the white pixels of masks show") == "relevant"
  }

  /// The mask of one picture, in grey, after the same preparation as the picture.
  ///
  /// Several files are united: each pixel has the largest of their values. A mask of black and white
  /// stays one: a pixel that a smaller size merges from both is white if at least half of it is.
  /// - Parameters:
  ///   - files: the mask pictures; none for a mask of zeros.
  ///   - size: the shape of the picture in its file, which the masks must have too; nil if it was
  ///     checked before.
  ///   - prepared: the shape of the picture after the preparation.
  /// - Throws: `Failure` for a file that cannot be read, a mask of another size, and one without a
  ///   pixel that is more white than black.
  func mask(
    _ files: [URL], size: InputShape?, prepared: InputShape, _ preparation: PicturePreparation
  ) throws -> Raster {
    let shape = InputShape(channels: 1, height: prepared.height, width: prepared.width)
    guard let first = files.first else {
      return Raster(shape: shape, bytes: [UInt8](repeating: 0, count: shape.count))
    }
    var mask = try read(first, size)
    for file in files.dropFirst() {
      let other = try read(file, mask.shape)
      mask = Raster(shape: mask.shape, bytes: zip(mask.bytes, other.bytes).map { max($0, $1) })
    }
    if marksRelevant { mask = Raster(shape: mask.shape, bytes: mask.bytes.map { 255 - $0 }) }
    let isBinary = mask.bytes.allSatisfy { $0 == 0 || $0 == 255 }
    var grey = preparation
    grey.channels = 1
    let result = try grey.apply(to: mask, named: first.path)
    guard result.shape == shape else {
      throw Failure.badData(
        "\(first.path): expected a mask of \(shape) after its preparation, found \(result.shape)",
        hint: "do not change the folder during a run")
    }
    return isBinary
      ? Raster(shape: shape, bytes: result.bytes.map { $0 < 128 ? 0 : 255 }) : result
  }

  /// Reads one mask picture: 255 where a pixel is marked, 0 where it is not.
  private func read(_ file: URL, _ size: InputShape?) throws -> Raster {
    let raster = try PictureFile.read(file).grey
    if let size, size.height != raster.shape.height || size.width != raster.shape.width {
      throw Failure.badData(
        "\(file.path): expected a mask of \(size.width) x \(size.height) pixels, the size of its "
          + "picture, found \(raster.shape.width) x \(raster.shape.height)",
        hint: "resize and crop the mask as the picture")
    }
    if let threshold {
      return Raster(shape: raster.shape, bytes: raster.bytes.map { $0 > threshold ? 255 : 0 })
    }
    let largest = raster.bytes.max() ?? 0
    if largest == 1 { return Raster(shape: raster.shape, bytes: raster.bytes.map { $0 * 255 }) }
    guard largest == 0 || largest > 127 else {
      throw Failure.badData(
        "\(file.path): expected a mask of black (0) and white (1 or 255), found \(largest) as the "
          + "largest value", hint: "state which values count as white, as in threshold=0")
    }
    return raster
  }
}
