import Foundation
import Support

/// Reads IDX files, the format of MNIST: a big-endian header, then unsigned bytes. Plain and
/// gzipped files are told apart by their content.
///
/// An image file is `00000803 | count | rows | columns | pixels`, a label file `00000801 | count |
/// labels`. Nothing is allocated by the sizes in a header before they are checked against the
/// length of the file.
public enum IDX {
  /// The content of an image file: `count * rows * columns` bytes from 0 (background) to 255.
  public struct Images: Sendable {
    /// The number of images.
    public let count: Int
    /// The height of each image in pixels.
    public let rows: Int
    /// The width of each image in pixels.
    public let columns: Int
    /// The pixels, image by image and row by row.
    public let pixels: [UInt8]
  }

  /// The kinds of IDX files that are read; the raw value is the magic number.
  enum Content: UInt32 {
    case labels = 0x0000_0801
    case images = 0x0000_0803

    var axes: Int { self == .images ? 3 : 1 }
    var plural: String { self == .images ? "images" : "labels" }
  }

  /// The largest file and the largest content that are read, in bytes: 4 GB, the largest length
  /// that has 32 bits.
  static let largest = Int(UInt32.max)

  /// Reads an image file.
  /// - Throws: `Failure.missing` if there is no such file; `Failure.badData` if it is not an IDX
  ///   image file, is truncated or corrupt, holds no pixels, or is longer than its header states.
  public static func images(at url: URL) throws -> Images {
    try images(in: readFile(url, limit: largest), named: url.path)
  }

  /// Reads a label file.
  /// - Throws: what `images(at:)` throws.
  public static func labels(at url: URL) throws -> [UInt8] {
    try labels(in: readFile(url, limit: largest), named: url.path)
  }

  static func images(in data: Data, named file: String) throws -> Images {
    let (sizes, pixels) = try content(.images, of: data, named: file)
    return Images(count: sizes[0], rows: sizes[1], columns: sizes[2], pixels: pixels)
  }

  static func labels(in data: Data, named file: String) throws -> [UInt8] {
    try content(.labels, of: data, named: file).bytes
  }

  private static func content(
    _ content: Content, of data: Data, named file: String
  ) throws -> (sizes: [Int], bytes: [UInt8]) {
    let headerLength = 4 + 4 * content.axes
    let zipped = Gzip.isGzip(data)
    let header =
      try zipped
      ? Gzip.firstBytes(headerLength, of: data, named: file) : Array(data.prefix(headerLength))
    try checkMagic(header, is: content, named: file)
    guard header.count == headerLength else {
      throw Failure.badData(
        "\(file): expected an IDX header of \(headerLength) bytes, found \(header.count)",
        hint: "get the file again")
    }
    let sizes = (1...content.axes).map { Int(bigEndian(header, at: 4 * $0)) }
    let length = try product(sizes, named: file)
    let whole = headerLength + length
    let most = SizeLimits.inflated(from: data.count)
    guard !zipped || whole <= most else {
      throw Failure.badData(
        "\(file): the header states \(whole) bytes, but \(data.count) compressed bytes may "
          + "decompress to at most \(most)",
        hint: "if the file is not damaged, unpack it with gunzip")
    }
    let bytes = try zipped ? Gzip.inflate(data, named: file, limit: whole) : [UInt8](data)
    guard bytes.count == whole else {
      let shape = sizes.map(String.init).joined(separator: " x ")
      throw Failure.badData(
        "\(file): the header states \(shape) = \(length) bytes of \(content.plural), "
          + "the file holds \(bytes.count - headerLength)",
        hint: bytes.count < whole
          ? "the file is cut short: get it again"
          : "the file has more bytes after its last \(content.plural.dropLast()): get it again")
    }
    return (sizes, Array(bytes[headerLength...]))
  }

  private static func checkMagic(_ header: [UInt8], is content: Content, named file: String) throws
  {
    let expected =
      "expected an IDX file of \(content.plural) (magic number \(hex(content.rawValue)))"
    guard header.count >= 4 else {
      throw Failure.badData(
        "\(file): \(expected), found \(header.count) bytes", hint: "get the file again")
    }
    let magic = bigEndian(header, at: 0)
    guard magic != content.rawValue else { return }
    guard let other = Content(rawValue: magic) else {
      throw Failure.badData(
        "\(file): \(expected), found \(hex(magic))", hint: "is this another kind of file?")
    }
    throw Failure.badData(
      "\(file): \(expected), found a file of \(other.plural) (\(hex(magic)))",
      hint: "are the two files swapped?")
  }

  private static func product(_ sizes: [Int], named file: String) throws -> Int {
    let shape = sizes.map(String.init).joined(separator: " x ")
    guard !sizes.contains(0) else {
      throw Failure.badData(
        "\(file): expected sizes of at least 1 in the header, found \(shape)",
        hint: "get the file again")
    }
    var product = 1
    for size in sizes {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow, next <= largest else {
        throw Failure.badData(
          "\(file): the header states \(shape) bytes, expected at most \(largest)",
          hint: "the header is corrupt: get the file again")
      }
      product = next
    }
    return product
  }

  private static func bigEndian(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
