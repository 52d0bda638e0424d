import Foundation
import ModelCore
import Support

/// The changes to every picture of a folder: first to grey or RGB, then `resize`, then `crop`. The
/// results are those of torchvision's transforms on PIL's pictures.
struct PicturePreparation: Sendable, Equatable {
  /// The new length of the shorter side in pixels. The longer side is scaled in proportion and
  /// rounded down, as by torchvision's `Resize`. nil leaves the size unchanged.
  var resize: Int?
  /// The side of the square that is cut out of the middle, as by torchvision's `CenterCrop`. nil
  /// leaves the picture whole.
  var crop: Int?
  /// The number of channels: 1 for grey, 3 for RGB; nil leaves the pictures as they are.
  var channels: Int?

  init() {}

  /// Reads the options `resize`, `crop` and `colour`.
  init(_ settings: Settings) throws {
    resize = try settings.optionalInt(
      "resize", in: 1...8192, "the length of the shorter side in pixels")
    crop = try settings.optionalInt(
      "crop", in: 1...8192, "the side of the square that is cut out of the middle")
    let colours = ["as-is": nil, "grey": 1, "rgb": 3]
    channels = colours[
      try settings.choice(
        "colour", of: ["as-is", "grey", "rgb"], default: "as-is", "the colours of the images")]!
  }

  /// Changes one picture.
  /// - Parameter file: the name of the file in error messages.
  /// - Throws: `Failure.badData` if the picture is smaller than the square to be cut out of it, or
  ///   if its longer side becomes too long.
  func apply(to picture: Raster, named file: String) throws -> Raster {
    var picture = channels == 1 ? picture.grey : picture
    if let resize {
      let (height, width) = (picture.shape.height, picture.shape.width)
      let longer = Int(Double(resize * max(height, width)) / Double(min(height, width)))
      guard longer <= 65_536 else {
        throw Failure.badData(
          "\(file): expected at most 65536 pixels on the longer side after resize=\(resize), "
            + "found \(longer)")
      }
      picture = picture.resized(
        height: height <= width ? resize : longer, width: width <= height ? resize : longer)
    }
    guard let crop else { return picture }
    let (height, width) = (picture.shape.height, picture.shape.width)
    guard height >= crop, width >= crop else {
      throw Failure.badData(
        "\(file): expected at least \(crop) x \(crop) pixels for crop=\(crop), "
          + "found \(width) x \(height)", hint: "state resize=\(crop) too")
    }
    // torchvision uses Python's round, which rounds a half to the even number.
    let offset = { (free: Int) in Int((Double(free) / 2).rounded(.toNearestOrEven)) }
    return picture.cropped(
      top: offset(height - crop), left: offset(width - crop), height: crop, width: crop)
  }
}
