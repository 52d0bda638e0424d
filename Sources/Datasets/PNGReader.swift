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

  /// The picture in a PNG file: grey or RGB as stored, palettes and greys of 1, 2 and 4 bits expanded to 8.
  ///
  /// The values are those in the file: colour profiles and gamma are not applied, so that what was written is what is
  /// read. An alpha channel is accepted where every pixel is opaque.
  /// - Parameter file: the name used in errors.
  /// - Throws: `Failure.badData` if it is not a PNG file, is truncated or corrupt, has 16 bits a channel, transparent
  ///   pixels, or more than 2^26 pixels.
  public static func decode(_ data: Data, named file: String) throws -> Picture {
    let essence = try essentialChunks(of: [UInt8](data), named: file)
    return try withImage { image in
      try essence.withUnsafeBytes { bytes in
        func corrupt() -> Failure {
          .badData("\(file): the PNG data is corrupt (\(message(of: image)))", hint: "get the file again")
        }
        guard png_image_begin_read_from_memory(image, bytes.baseAddress, bytes.count) != 0 else { throw corrupt() }
        let format = image.pointee.format & (PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
        image.pointee.format = format
        let colours = format & PNG_FORMAT_FLAG_COLOR != 0 ? 3 : 1
        let shape = ImageShape(
          channels: colours, height: Int(image.pointee.height), width: Int(image.pointee.width))
        let hasAlpha = format & PNG_FORMAT_FLAG_ALPHA != 0
        var pixels = [UInt8](repeating: 0, count: shape.height * shape.width * (colours + (hasAlpha ? 1 : 0)))
        guard png_image_finish_read(image, nil, &pixels, 0, nil) != 0 else { throw corrupt() }
        if hasAlpha { pixels = try withoutAlpha(pixels, colours: colours, named: file) }
        return Picture(shape: shape, pixels: pixels, order: .channelsLast)
      }
    }
  }

  /// The signature and the chunks that say what the pixels are.
  ///
  /// Leaving out the others keeps libpng from converting values by a gamma or a colour profile.
  private static func essentialChunks(of file: [UInt8], named name: String) throws -> [UInt8] {
    guard file.starts(with: signature) else {
      throw Failure.badData("\(name): expected a PNG file, found other data", hint: "is this another kind of file?")
    }
    let cutShort = Failure.badData("\(name): the PNG data is cut short", hint: "get the file again")
    var kept = signature
    var start = signature.count
    while start + 12 <= file.count {
      // length (4 bytes), name (4), content (length), checksum (4)
      let end = start + 12 + Int(bigEndian(file, at: start))
      guard end <= file.count else { throw cutShort }
      let chunk = file[start..<end]
      let kind = String(decoding: file[start + 4..<start + 8], as: UTF8.self)
      if start == signature.count { try checkHeader(chunk, kind, named: name) }
      if ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].contains(kind) { kept += chunk }
      if kind == "IEND" { return kept }
      start = end
    }
    throw cutShort
  }

  /// Refuses, from the header alone, what is too large or would not be read exactly.
  private static func checkHeader(_ chunk: ArraySlice<UInt8>, _ kind: String, named file: String) throws {
    let header = Array(chunk.dropFirst(8).dropLast(4))
    guard kind == "IHDR", header.count == 13 else {
      throw Failure.badData("\(file): expected a PNG header, found a chunk '\(kind)'", hint: "get the file again")
    }
    let width = Int(bigEndian(header, at: 0))
    let height = Int(bigEndian(header, at: 4))
    // Each side first: the product of two 32-bit numbers may not fit.
    guard (1...mostPixels).contains(width), (1...mostPixels).contains(height), width * height <= mostPixels else {
      throw Failure.badData("\(file): expected 1 to \(mostPixels) pixels, found \(width) x \(height)")
    }
    guard header[8] <= 8 else {
      throw Failure.badData(
        "\(file): expected at most 8 bits a channel, found \(header[8])", hint: "convert it to an 8-bit PNG first")
    }
  }

  private static func withoutAlpha(_ pixels: [UInt8], colours: Int, named file: String) throws -> [UInt8] {
    let channels = colours + 1
    guard stride(from: colours, to: pixels.count, by: channels).allSatisfy({ pixels[$0] == 255 }) else {
      throw Failure.badData(
        "\(file): expected an opaque picture, found transparent pixels",
        hint: "put it on a background and save it without an alpha channel")
    }
    return pixels.indices.filter { $0 % channels != colours }.map { pixels[$0] }
  }

  private static func bigEndian(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
