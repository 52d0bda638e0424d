import CPNG
import Foundation
import Support

/// Reads and writes PNG files by libpng.
///
/// Only libpng's simplified interface is used. Its other interface reports errors by `longjmp`,
/// which must not cross Swift code.
public enum PNG {
  /// Encodes a picture as an 8-bit grey or RGB PNG file. Decoding it gives the same bytes.
  /// - Parameter isFast: whether speed counts more than the size of the file.
  /// - Throws: `Failure` with libpng's reason for sizes that it does not write (over a million
  ///   pixels wide or high).
  public static func encode(_ picture: Picture, isFast: Bool = false) throws -> Data {
    let pixels = picture.interleaved
    // Deflate adds five bytes to 16 KB that it cannot compress, and PNG adds 12 bytes to each chunk
    // of 8 KB, so a quarter more than the pixels is enough.
    var file = Data(count: pixels.count + pixels.count / 4 + 1024)
    var length = file.count
    try withImage { image in
      image.pointee.width = UInt32(picture.shape.width)
      image.pointee.height = UInt32(picture.shape.height)
      if isFast { image.pointee.flags = UInt32(PNG_IMAGE_FLAG_FAST) }
      image.pointee.format = picture.shape.channels == 1 ? 0 : PNG_FORMAT_FLAG_COLOR
      let written = file.withUnsafeMutableBytes {
        png_image_write_to_memory(image, $0.baseAddress, &length, 0, pixels, 0, nil)
      }
      guard written != 0 else {
        throw Failure(.failed, "cannot encode a PNG file: \(message(of: image))")
      }
    }
    return file.prefix(length)
  }

  /// Writes a picture as a PNG file. The file appears whole or not at all.
  /// - Throws: `Failure.cannotWrite` with the system's reason, and what `encode` throws.
  public static func write(_ picture: Picture, to place: URL) throws {
    try AtomicFile.write(encode(picture), to: place)
  }

  /// Passes an image record of libpng to `body` and frees it afterwards.
  ///
  /// The record has a fixed address, since libpng keeps pointers to it between its calls.
  static func withImage<Result>(_ body: (UnsafeMutablePointer<png_image>) throws -> Result) rethrows
    -> Result
  {
    let image = UnsafeMutablePointer<png_image>.allocate(capacity: 1)
    image.initialize(to: png_image())
    image.pointee.version = UInt32(PNG_IMAGE_VERSION)
    defer {
      png_image_free(image)
      image.deallocate()
    }
    return try body(image)
  }

  /// libpng's message about the last error.
  static func message(of image: UnsafeMutablePointer<png_image>) -> String {
    withUnsafeBytes(of: image.pointee.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
