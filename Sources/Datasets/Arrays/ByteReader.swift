import Foundation
import Support

/// Reads numbers and pieces from bytes that came out of a file, in order, and never past their end.
struct ByteReader {
  let bytes: ArraySlice<UInt8>
  let file: String
  private(set) var position: Int

  /// - Parameter file: the name used in errors.
  init(_ bytes: ArraySlice<UInt8>, named file: String) {
    self.bytes = bytes
    self.file = file
    position = bytes.startIndex
  }

  var left: Int { bytes.endIndex - position }

  /// The next bytes.
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

  /// The next `size` (1 to 8) bytes as a little-endian number.
  mutating func number(_ size: Int) throws -> UInt64 {
    try take(size).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The next four bytes as a number.
  mutating func word() throws -> Int { Int(try number(4)) }
}

/// Sizes from a header, multiplied.
/// - Throws: `Failure.badData` if a size is negative or the product is more than `limit`.
func checkedProduct(_ sizes: [Int], limit: Int, named file: String) throws -> Int {
  var product = 1
  for size in sizes {
    let (next, overflow) = product.multipliedReportingOverflow(by: size)
    guard size >= 0, !overflow, next <= limit else {
      throw Failure.badData(
        "\(file): the header says \(sizes.map(String.init).joined(separator: " x ")) bytes, more than the \(limit) that "
          + "are read", hint: "a larger set is read from a folder of pictures")
    }
    product = next
  }
  return product
}

/// How much is read at once and how much may come out of a compressed piece of a file.
enum SizeLimits {
  /// The largest array, in bytes: a gigabyte.
  static let array = 1 << 30

  /// What `count` compressed bytes may inflate to: 64 MB or fifty times as many. Images inflate
  /// three- to tenfold; what is made to fill the memory, a thousandfold.
  static func inflated(from count: Int) -> Int { max(1 << 26, 50 * count) }
}
