import CJPEG
import Foundation
import ModelCore
import Support

/// Pictures in JPEG files, by libjpeg.
enum JPEG {
  /// The bytes every JPEG file begins with.
  static let signature: [UInt8] = [0xff, 0xd8, 0xff]

  /// The picture in a JPEG file, baseline or progressive: grey, or RGB, which CMYK becomes too.
  ///
  /// The orientation that a camera wrote into the file is not applied and colour profiles are
  /// ignored, as torchvision has it.
  /// - Parameter file: the name used in errors.
  /// - Throws: `Failure.badData` if it is not a JPEG file, ends early, is damaged, has more than
  ///   2^26 pixels, or asks for more passes over them than any writer makes.
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
          // What a small file can cost grows with both: ten scans are usual, a large picture gets
          // no more than 64.
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

/// Several pictures are decoded at once, but the large ones, which may take half a gigabyte each,
/// one after the other.
enum LargePictures {
  private static let lock = NSLock()

  static func oneAtATime<Result>(_ shape: InputShape, _ body: () throws -> Result) rethrows
    -> Result
  {
    guard shape.height * shape.width > 1 << 23 else { return try body() }
    return try lock.withLock(body)
  }
}
