import Foundation
import Support

/// Reads a file with one picture. Its first bytes tell whether it is PNG or JPEG, whatever its
/// name.
enum PictureFile {
  /// The file name extensions of the pictures that are read, in lower case.
  static let endings: Set<String> = ["png", "jpg", "jpeg", "jpe", "jfif"]
  /// The extensions of pictures that cannot be read. Such files are reported and not skipped.
  static let foreignEndings: Set<String> = [
    "avif", "bmp", "gif", "heic", "heif", "jp2", "jxl", "pgm", "ppm", "tif", "tiff", "webp",
  ]

  /// Reads a picture.
  /// - Throws: `Failure.missing` if there is no such file; `Failure.badData` if it is not a valid
  ///   PNG or JPEG file.
  static func read(_ url: URL) throws -> Raster {
    // The limit is five bytes a pixel: an uncompressed picture needs at most four, and the fifth
    // leaves room for chunks that are skipped.
    let data = try readFile(url, limit: 5 * PNG.mostPixels)
    if data.starts(with: JPEG.signature) { return try JPEG.decode(data, named: url.path) }
    guard data.starts(with: PNG.signature) else {
      throw Failure.badData(
        data.isEmpty
          ? "\(url.path): the file is empty"
          : "\(url.path): expected a PNG or JPEG picture, found other data")
    }
    return try PNG.raster(data, named: url.path)
  }
}
