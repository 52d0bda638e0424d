import CPNG
import Foundation
import ModelCore
import Support

extension PNG {
  /// The most pixels a picture may have: 64 million.
  static let mostPixels = 1 << 26

  /// The bytes with which every PNG file begins.
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// Reads a PNG file; see `decode`.
  /// - Throws: `Failure.missing` if there is no such file, and what `decode` throws.
  public static func read(_ url: URL) throws -> Picture {
    // The limit is five bytes a pixel: an uncompressed picture needs at most four, and the fifth
    // leaves room for chunks that are skipped.
    try decode(readFile(url, limit: 5 * mostPixels), named: url.path)
  }

  /// Decodes a PNG file to a picture, grey or RGB as the file is.
  ///
  /// Palettes and greys of 1, 2 and 4 bits are expanded to 8 bits; 16 bits are rounded to 8. Colour
  /// profiles and gamma are not applied, so the values read are those that were written. An alpha
  /// channel is dropped if every pixel is opaque.
  /// - Parameter file: the name of the file in error messages.
  /// - Throws: `Failure.badData` if the data are not a PNG file, are truncated or corrupt, or have
  ///   transparent pixels or more than 2^26 pixels (2^25 with 16 bits a channel).
  public static func decode(_ data: Data, named file: String) throws -> Picture {
    let raster = try raster(data, named: file)
    return Picture(shape: raster.shape, pixels: raster.bytes)
  }

  /// Decodes a PNG file; see `decode`.
  static func raster(_ data: Data, named file: String) throws -> Raster {
    let (essence, depth) = try essentialChunks(of: data, named: file)
    return try withImage { image in
      try essence.withUnsafeBytes { bytes in
        func corrupt() -> Failure {
          .badData(
            "\(file): the PNG data is corrupt (\(message(of: image)))", hint: "get the file again")
        }
        guard png_image_begin_read_from_memory(image, bytes.baseAddress, bytes.count) != 0 else {
          throw corrupt()
        }
        let isGrey = image.pointee.format & PNG_FORMAT_FLAG_COLOR == 0
        let isOpaque = image.pointee.format & PNG_FORMAT_FLAG_ALPHA == 0
        let shape = InputShape(
          channels: isGrey ? 1 : 3, height: Int(image.pointee.height),
          width: Int(image.pointee.width))
        // Pixels of four bytes can be split into planes fast. libpng adds the fourth byte to pixels
        // without an alpha channel.
        let format =
          isGrey
          ? image.pointee.format & PNG_FORMAT_FLAG_ALPHA
          : PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA
        let channels = isGrey ? (isOpaque ? 1 : 2) : 4
        return try LargePictures.oneAtATime(shape) {
          try Raster(shape: shape, pixelBytes: channels) { out in
            func read(_ format: UInt32, to place: UnsafeMutableRawPointer?) throws {
              image.pointee.format = format
              guard png_image_finish_read(image, nil, place, 0, nil) != 0 else { throw corrupt() }
            }
            if depth == 16 {
              // libpng takes 16-bit values without a gamma as linear light. If linear light is
              // asked for, it leaves the values unchanged.
              let wide = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: out.count)
              defer { wide.deallocate() }
              try read(format | PNG_FORMAT_FLAG_LINEAR, to: wide.baseAddress)
              for place in 0..<out.count { out[place] = UInt8((UInt32(wide[place]) + 128) / 257) }
            } else {
              try read(format, to: out.baseAddress)
            }
            guard
              isOpaque
                || stride(from: channels - 1, to: out.count, by: channels).allSatisfy({
                  out[$0] == 255
                })
            else {
              throw Failure.badData(
                "\(file): expected an opaque picture, found transparent pixels",
                hint: "draw the picture on a background and save it without an alpha channel")
            }
          }
        }
      }
    }
  }

  /// The signature and those chunks that define the pixels.
  ///
  /// Without the other chunks libpng cannot convert values by a gamma or a colour profile.
  /// - Returns: these bytes and the number of bits a channel.
  private static func essentialChunks(of data: Data, named name: String) throws -> (
    bytes: [UInt8], depth: UInt8
  ) {
    try data.withUnsafeBytes { try essentialChunks(of: $0.bindMemory(to: UInt8.self), named: name) }
  }

  private static func essentialChunks(
    of file: UnsafeBufferPointer<UInt8>, named name: String
  ) throws -> (bytes: [UInt8], depth: UInt8) {
    guard file.starts(with: signature) else {
      throw Failure.badData(
        "\(name): expected a PNG file, found other data", hint: "is this another kind of file?")
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

  /// Checks the size of the picture in its header and returns the number of bits a channel.
  private static func checkHeader(_ chunk: [UInt8], _ kind: String, named file: String) throws
    -> UInt8
  {
    let header = Array(chunk.dropFirst(8).dropLast(4))
    guard kind == "IHDR", header.count == 13 else {
      throw Failure.badData(
        "\(file): expected a PNG header of 13 bytes, found a chunk '\(kind)' of \(header.count)",
        hint: "get the file again")
    }
    let width = Int(bigEndian(header, at: 0))
    let height = Int(bigEndian(header, at: 4))
    // While they are decoded, 16 bits a channel take twice the memory. Each side is compared first,
    // since the product of two 32-bit numbers may overflow.
    let most = header[8] == 16 ? mostPixels / 2 : mostPixels
    guard (1...most).contains(width), (1...most).contains(height), width * height <= most else {
      throw Failure.badData("\(file): expected 1 to \(most) pixels, found \(width) x \(height)")
    }
    return header[8]
  }

  private static func bigEndian(_ bytes: some RandomAccessCollection<UInt8>, at offset: Int)
    -> UInt32
  {
    bytes.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }
}
