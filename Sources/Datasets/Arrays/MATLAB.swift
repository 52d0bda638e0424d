import Foundation
import ModelCore
import Support

/// Reads numeric arrays from MATLAB's level 5 files (`.mat`, versions 5 to 7), compressed or not.
///
/// Format: "MAT-File Format", The MathWorks. A file has a header of 128 bytes and then elements,
/// each of which has a type, a length and data.
enum MATLAB {
  /// An array in column-major order: the first of its sizes belongs to the index that runs fastest.
  struct Array {
    let sizes: [Int]
    let values: Values
    /// Whether the elements are truth values, which are stored as the bytes 0 and 1.
    let isLogical: Bool
  }

  enum Values {
    case bytes([UInt8])
    case numbers([Double])

    /// `bytes` or `numbers that are not bytes`
    var words: String { if case .bytes = self { "bytes" } else { "numbers that are not bytes" } }
  }

  private static let compressed = 15
  private static let matrix = 14

  /// Reads the arrays with the given names.
  /// - Throws: `Failure.badData` if the file is not a little-endian level 5 file, is damaged, or
  ///   lacks one of the arrays.
  static func arrays(_ names: Set<String>, in bytes: [UInt8], named file: String) throws -> [String:
    Array]
  {
    guard bytes.count >= 128, bytes[126...127].elementsEqual(Swift.Array("IM".utf8)),
      bytes[125] == 1
    else {
      throw Failure.badData(
        "\(file): expected a MATLAB file of level 5, little-endian",
        hint: "save it in MATLAB with save(…, '-v7')")
    }
    var found: [String: Array] = [:]
    var reader = ByteReader(bytes[128...], named: file)
    while reader.left >= 8, found.count < names.count {
      let (kind, content) = try element(&reader, padded: false)
      var inner = content
      if kind == compressed {
        let limit = min(SizeLimits.array + 1024, SizeLimits.inflated(from: content.count))
        let inflated = try content.withUnsafeBytes {
          try Gzip.inflate($0, .zlib, named: file, limit: limit)
        }
        var nested = ByteReader(inflated[...], named: file)
        let (innerKind, innerContent) = try element(&nested, padded: false)
        guard innerKind == matrix else { continue }
        inner = innerContent
      } else if kind != matrix {
        continue
      }
      if let (name, array) = try self.array(inner, among: names, file) { found[name] = array }
    }
    if let missing = names.subtracting(found.keys).sorted().first {
      throw Failure.badData("\(file): expected an array '\(missing)' of numbers, found none")
    }
    return found
  }

  /// Reads the next element: its type and its data.
  ///
  /// A small element has its type, its length and its data in eight bytes. Inside of arrays, other
  /// elements are padded to a multiple of eight bytes.
  private static func element(_ reader: inout ByteReader, padded: Bool) throws -> (
    Int, ArraySlice<UInt8>
  ) {
    let head = try reader.word()
    if head >> 16 != 0 {
      let data = try reader.take(4)
      guard head >> 16 <= 4 else {
        throw Failure.badData(
          "\(reader.file): expected a small element of at most 4 bytes, found \(head >> 16)",
          hint: "the file is damaged: get it again")
      }
      return (head & 0xffff, data.prefix(head >> 16))
    }
    let length = try reader.word()
    let data = try reader.take(length)
    if padded { _ = try reader.take(min(reader.left, (8 - length % 8) % 8)) }
    return (head, data)
  }

  /// The array in an element, with its name; nil if its name is not among `names`.
  private static func array(
    _ bytes: ArraySlice<UInt8>, among names: Set<String>, _ file: String
  ) throws -> (String, Array)? {
    var reader = ByteReader(bytes, named: file)
    let flags = try element(&reader, padded: true).1
    let isLogical = flags.dropFirst().first.map { $0 & 2 != 0 } ?? false
    var dimensions = ByteReader(try element(&reader, padded: true).1, named: file)
    var sizes: [Int] = []
    while dimensions.left >= 4, sizes.count < 8 {
      sizes.append(Int(Int32(truncatingIfNeeded: try dimensions.word())))
    }
    let name = String(decoding: try element(&reader, padded: true).1, as: UTF8.self)
    guard names.contains(name) else { return nil }
    let (type, data) = try element(&reader, padded: true)
    let widths = [1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8]
    guard let width = widths[type] else {
      throw Failure.badData(
        "\(file), \(name): expected an array of numbers, found elements of type \(type)",
        hint: "convert it in MATLAB, for example with uint8(…)")
    }
    let count = try checkedProduct(
      sizes, limit: SizeLimits.array / width, named: "\(file), \(name)")
    guard data.count == count * width else {
      throw Failure.badData(
        "\(file), \(name): expected \(count) elements, found \(data.count / width)",
        hint: "the file is damaged: get it again")
    }
    if type == 2 {
      return (
        name, Array(sizes: sizes, values: .bytes(Swift.Array(data)), isLogical: isLogical)
      )
    }
    var numbers = ByteReader(data, named: file)
    let values = try (0..<count).map { _ in Self.number(try numbers.number(width), type) }
    return (name, Array(sizes: sizes, values: .numbers(values), isLogical: isLogical))
  }

  private static func number(_ bits: UInt64, _ type: Int) -> Double {
    switch type {
    case 1: Double(Int8(truncatingIfNeeded: bits))
    case 3: Double(Int16(truncatingIfNeeded: bits))
    case 5: Double(Int32(truncatingIfNeeded: bits))
    case 7: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case 9: Double(bitPattern: bits)
    case 12: Double(Int64(bitPattern: bits))
    default: Double(bits)
    }
  }
}
