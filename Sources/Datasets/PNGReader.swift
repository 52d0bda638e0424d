import CPNG
import Foundation
import ModelCore
import Support

extension PNG {
  /// The most pixels a picture may have: 64 million.
  static let mostPixels = 1 << 26

  /// The bytes every PNG file begins with.
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// Reads a PNG file; see `decode`.
  /// - Throws: `Failure.missing` if absent, and what `decode` throws.
  public static func read(_ url: URL) throws -> Picture {
    // Four bytes a pixel is the most a picture needs uncompressed; the rest is room for chunks that are skipped.
    try decode(readFile(url, limit: 5 * mostPixels), named: url.path)
  }

  /// The picture in a PNG file: grey or RGB as stored, palettes and greys of 1, 2 and 4 bits expanded to 8, 16 bits rounded to 8.
  ///
  /// The values are those in the file: colour profiles and gamma are not applied, so that what was written is what is
  /// read. An alpha channel is accepted where every pixel is opaque.
  /// - Parameter file: the name used in errors.
  /// - Throws: `Failure.badData` if it is not a PNG file, is truncated or corrupt, has transparent pixels, or more than 2^26
  ///   pixels.
  public static func decode(_ data: Data, named file: String) throws -> Picture {
    let raster = try raster(data, named: file)
    return Picture(shape: raster.shape, pixels: raster.bytes, order: .channelsLast)
  }

  /// As `decode`, with the channels of a pixel side by side.
  static func raster(_ data: Data, named file: String) throws -> Raster {
    let (essence, depth) = try essentialChunks(of: data, named: file)
    return try withImage { image in
      try essence.withUnsafeBytes { bytes in
        func corrupt() -> Failure {
          .badData("\(file): the PNG data is corrupt (\(message(of: image)))", hint: "get the file again")
        }
        guard png_image_begin_read_from_memory(image, bytes.baseAddress, bytes.count) != 0 else { throw corrupt() }
        let kind = image.pointee.format & (PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
        let colours = kind & PNG_FORMAT_FLAG_COLOR != 0 ? 3 : 1
        let channels = colours + (kind & PNG_FORMAT_FLAG_ALPHA != 0 ? 1 : 0)
        let shape = ImageShape(
          channels: colours, height: Int(image.pointee.height), width: Int(image.pointee.width))
        let count = shape.height * shape.width * channels
        func read<Value>(_ format: UInt32, _ filler: Value) throws -> [Value] {
          image.pointee.format = format
          return try [Value](unsafeUninitializedCapacity: count) { out, length in
            guard png_image_finish_read(image, nil, out.baseAddress, 0, nil) != 0 else { throw corrupt() }
            length = count
          }
        }
        return try LargePictures.oneAtATime(shape) {
          // libpng takes 16 bits without a gamma for linear light: asked for that, it leaves them as they are.
          var pixels =
            try depth == 16
            ? read(kind | PNG_FORMAT_FLAG_LINEAR, UInt16(0)).map { UInt8((UInt32($0) + 128) / 257) }
            : read(kind, UInt8(0))
          if channels != colours { pixels = try withoutAlpha(pixels, colours: colours, named: file) }
          return Raster(shape: shape, bytes: pixels)
        }
      }
    }
  }

  /// The signature and the chunks that say what the pixels are.
  ///
  /// Leaving out the others keeps libpng from converting values by a gamma or a colour profile.
  /// - Returns: them and the number of bits a channel.
  private static func essentialChunks(of data: Data, named name: String) throws -> (bytes: [UInt8], depth: UInt8) {
    try data.withUnsafeBytes { try essentialChunks(of: $0.bindMemory(to: UInt8.self), named: name) }
  }

  private static func essentialChunks(
    of file: UnsafeBufferPointer<UInt8>, named name: String
  ) throws -> (bytes: [UInt8], depth: UInt8) {
    guard file.starts(with: signature) else {
      throw Failure.badData("\(name): expected a PNG file, found other data", hint: "is this another kind of file?")
    }
    let cutShort = Failure.badData("\(name): the PNG data is cut short", hint: "get the file again")
    var kept = signature
    kept.reserveCapacity(file.count)
    var depth: UInt8 = 8
    var start = signature.count
    while start + 12 <= file.count {
      // length (4 bytes), name (4), content (length), checksum (4)
      let end = start + 12 + Int(bigEndian(file, at: start))
      guard end <= file.count else { throw cutShort }
      let chunk = file[start..<end]
      let kind = String(decoding: file[start + 4..<start + 8], as: UTF8.self)
      if start == signature.count { depth = try checkHeader(Array(chunk), kind, named: name) }
      if ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].contains(kind) { kept += chunk }
      if kind == "IEND" { return (kept, depth) }
      start = end
    }
    throw cutShort
  }

  /// Refuses, from the header alone, what is too large; gives the number of bits a channel.
  private static func checkHeader(_ chunk: [UInt8], _ kind: String, named file: String) throws -> UInt8 {
    let header = Array(chunk.dropFirst(8).dropLast(4))
    guard kind == "IHDR", header.count == 13 else {
      throw Failure.badData("\(file): expected a PNG header, found a chunk '\(kind)'", hint: "get the file again")
    }
    let width = Int(bigEndian(header, at: 0))
    let height = Int(bigEndian(header, at: 4))
    // 16 bits a channel take twice the memory on their way. Each side first: the product of two 32-bit numbers may not fit.
    let most = header[8] == 16 ? mostPixels / 2 : mostPixels
    guard (1...most).contains(width), (1...most).contains(height), width * height <= most else {
      throw Failure.badData("\(file): expected 1 to \(most) pixels, found \(width) x \(height)")
    }
    return header[8]
  }

  private static func withoutAlpha(_ pixels: [UInt8], colours: Int, named file: String) throws -> [UInt8] {
    let channels = colours + 1
    guard stride(from: colours, to: pixels.count, by: channels).allSatisfy({ pixels[$0] == 255 }) else {
      throw Failure.badData(
        "\(file): expected an opaque picture, found transparent pixels",
        hint: "put it on a background and save it without an alpha channel")
    }
    let count = pixels.count / channels * colours
    return [UInt8](unsafeUninitializedCapacity: count) { out, length in
      for place in 0..<count { out[place] = pixels[place / colours * channels + place % colours] }
      length = count
    }
  }

  private static func bigEndian(_ bytes: some RandomAccessCollection<UInt8>, at offset: Int) -> UInt32 {
    bytes.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }
}
