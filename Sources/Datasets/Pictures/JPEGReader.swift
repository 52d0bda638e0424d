import CJPEG
import Foundation
import ModelCore
import Support

/// Reads JPEG files by libjpeg.
enum JPEG {
  /// The bytes with which every JPEG file begins.
  static let signature: [UInt8] = [0xff, 0xd8, 0xff]

  /// Decodes a baseline or progressive JPEG file to a grey or RGB picture. CMYK becomes RGB.
  ///
  /// As in torchvision, the orientation that a camera wrote into the file is not applied, and
  /// colour profiles are ignored.
  /// - Parameter file: the name of the file in error messages.
  /// - Throws: `Failure.badData` if the data are not a JPEG file, end early or are damaged, or if
  ///   the picture has more than 2^26 pixels or more scans than any program writes.
  static func decode(_ data: Data, named file: String) throws -> Raster {
    try data.withUnsafeBytes { bytes in
      let source = bytes.bindMemory(to: UInt8.self)
      guard source.starts(with: signature), let base = source.baseAddress else {
        throw Failure.badData(
          "\(file): expected a JPEG file, found other data", hint: "is this another kind of file?")
      }
      var message = [CChar](repeating: 0, count: Int(CJPEG_MESSAGE_SIZE))
      func corrupt() -> Failure {
        let said = String(
          decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Failure.badData(
          "\(file): the JPEG data is corrupt (\(said))", hint: "get the file again")
      }
      var (width, height, channels): (Int32, Int32, Int32) = (0, 0, 0)
      guard let reading = cjpeg_open(base, source.count, &width, &height, &channels, &message)
      else { throw corrupt() }
      defer { cjpeg_close(reading) }
      let shape = InputShape(channels: Int(channels), height: Int(height), width: Int(width))
      guard shape.height * shape.width <= PNG.mostPixels else {
        throw Failure.badData(
          "\(file): expected 1 to \(PNG.mostPixels) pixels, found \(width) x \(height)")
      }
      return try LargePictures.oneAtATime(shape) {
        let planes = try [UInt8](unsafeUninitializedCapacity: shape.count) { out, count in
          // The time to decode grows with the number of scans times that of the pixels, also in a
          // small file. Ten scans are usual; a large picture may have 64.
          let scans: Int32 = shape.height * shape.width > 1 << 20 ? 64 : 500
          guard cjpeg_decode(reading, out.baseAddress!, scans, &message) == 0 else {
            throw corrupt()
          }
          count = shape.count
        }
        return Raster(shape: shape, bytes: planes)
      }
    }
  }
}

/// Decodes large pictures one after the other, since each may take half a gigabyte. Other pictures
/// are decoded at the same time.
enum LargePictures {
  private static let lock = NSLock()

  static func oneAtATime<Result>(_ shape: InputShape, _ body: () throws -> Result) rethrows
    -> Result
  {
    guard shape.height * shape.width > 1 << 23 else { return try body() }
    return try lock.withLock(body)
  }
}
