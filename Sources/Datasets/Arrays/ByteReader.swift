import Foundation
import Support

/// Reads numbers and slices from the bytes of a file, in order and never past their end.
struct ByteReader {
  let bytes: ArraySlice<UInt8>
  let file: String
  private(set) var position: Int

  /// - Parameter file: the name of the file in error messages.
  init(_ bytes: ArraySlice<UInt8>, named file: String) {
    self.bytes = bytes
    self.file = file
    position = bytes.startIndex
  }

  /// The number of bytes that have not been read.
  var left: Int { bytes.endIndex - position }

  /// Reads the next `count` bytes.
  /// - Throws: `Failure.badData` if there are fewer.
  mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= left else {
      throw Failure.badData(
        "\(file): expected \(count) more bytes, found \(left)",
        hint: "the file is cut short: get it again")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// Reads the next `size` bytes (1 to 8) as a little-endian number.
  mutating func number(_ size: Int) throws -> UInt64 {
    try take(size).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Reads the next four bytes as a number.
  mutating func word() throws -> Int { Int(try number(4)) }
}

/// The product of the sizes in a header.
/// - Throws: `Failure.badData` if a size is negative or the product is more than `limit`.
func checkedProduct(_ sizes: [Int], limit: Int, named file: String) throws -> Int {
  var product = 1
  for size in sizes {
    let (next, overflow) = product.multipliedReportingOverflow(by: size)
    guard size >= 0, !overflow, next <= limit else {
      throw Failure.badData(
        "\(file): the header states \(sizes.map(String.init).joined(separator: " x ")) numbers, "
          + "expected at most \(limit)", hint: "store a larger data set as a folder of pictures")
    }
    product = next
  }
  return product
}

/// The largest arrays that are read.
enum SizeLimits {
  /// The largest array in bytes: 1 GB.
  static let array = 1 << 30

  /// The largest number of bytes that `count` compressed bytes may decompress to: 64 MB, or fifty
  /// times `count` if that is more. Images grow three- to tenfold. A file that is made to fill the
  /// memory grows a thousandfold.
  static func inflated(from count: Int) -> Int { max(1 << 26, 50 * count) }
}
