import Foundation
import ModelCore
import Support

/// What is done to every picture of a folder, in this order, as torchvision's transforms do it with
/// PIL's pictures: grey or RGB, then `resize`, then `crop`.
struct PicturePreparation: Sendable, Equatable {
  /// What the shorter side is scaled to, the other in proportion and rounded down (torchvision's
  /// `Resize`); nil: as it is.
  var resize: Int?
  /// The square cut out of the middle (`CenterCrop`); nil: all of it.
  var crop: Int?
  /// 1 or 3; nil: as the pictures are.
  var channels: Int?

  init() {}

  /// Reads `resize`, `crop` and `colour`.
  init(_ settings: Settings) throws {
    resize = try settings.optionalInt("resize", in: 1...8192, "pixels of the shorter side")
    crop = try settings.optionalInt(
      "crop", in: 1...8192, "side of the square cut out of the middle")
    let colours = ["as-is": nil, "grey": 1, "rgb": 3]
    channels = colours[
      try settings.choice(
        "colour", of: ["as-is", "grey", "rgb"], default: "as-is", "what colours become")]!
  }

  /// - Throws: `Failure.badData` if the picture is smaller than the square to be cut out of it.
  func apply(to picture: Raster, named file: String) throws -> Raster {
    var picture = channels == 1 ? picture.grey : picture
    if let resize {
      let (height, width) = (picture.shape.height, picture.shape.width)
      let longer = Int(Double(resize * max(height, width)) / Double(min(height, width)))
      guard longer <= 65_536 else {
        throw Failure.badData(
          "\(file): scaled to \(resize) pixels on its shorter side it has \(longer) on the other")
      }
      picture = picture.resized(
        height: height <= width ? resize : longer, width: width <= height ? resize : longer)
    }
    guard let crop else { return picture }
    let (height, width) = (picture.shape.height, picture.shape.width)
    guard height >= crop, width >= crop else {
      throw Failure.badData(
        "\(file): \(crop) x \(crop) pixels cannot be cut out of \(width) x \(height)",
        hint: "give resize=\(crop) too")
    }
    // Python's round, which torchvision uses, goes to the even number where two are as near.
    let offset = { (free: Int) in Int((Double(free) / 2).rounded(.toNearestOrEven)) }
    return picture.cropped(
      top: offset(height - crop), left: offset(width - crop), height: crop, width: crop)
  }
}
