import Foundation
import Support

/// A file with one picture, PNG or JPEG, told apart by its first bytes whatever it is called.
enum PictureFile {
  /// The endings that picture files have, in small letters; only those of `read` are decoded.
  static let endings: Set<String> = ["png", "jpg", "jpeg"]
  /// Endings of pictures that cannot be read, so that they are reported and not passed over.
  static let foreignEndings: Set<String> = [
    "bmp", "gif", "heic", "jp2", "pgm", "ppm", "tif", "tiff", "webp",
  ]

  /// Reads a picture.
  /// - Throws: `Failure` if there is no such file or it holds no sound PNG or JPEG picture.
  static func read(_ url: URL) throws -> Raster {
    // Four bytes a pixel is the most a picture needs uncompressed; the rest is room for chunks that
    // are skipped.
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
