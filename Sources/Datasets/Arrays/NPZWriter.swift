import CZlib
import Foundation
import ModelCore
import Support

/// Writes tensors as a NumPy archive (`.npz`), which `numpy.load` opens: a zip archive of arrays
/// that are not compressed.
package enum NPZWriter {
  /// Writes tensors with their names. The file appears whole or not at all.
  /// - Throws: `Failure.cannotWrite`; `Failure.usage` for more than 4 GB, the largest size of such
  ///   an archive.
  package static func write(_ tensors: [(name: String, tensor: Tensor)], to url: URL) throws {
    let size = tensors.reduce(0) { $0 + $1.tensor.count * 8 }
    guard size < Int(UInt32.max) else {
      throw Failure.usage(
        "the tensors are too large for an .npz file, which holds at most 4 GB",
        hint: "open the .safetensors file in Python instead")
    }
    let file = try AtomicFile(url)
    var table: [UInt8] = []
    var offset = 0
    for (name, tensor) in tensors {
      let content = header(tensor.type, tensor.shape) + tensor.rawBytes()
      let checksum = content.withUnsafeBufferPointer {
        UInt32(crc32_z(0, $0.baseAddress, $0.count))
      }
      let (head, record) = entry(name, checksum: checksum, size: content.count, offset: offset)
      try file.append(head)
      try file.append(content)
      table += record
      offset += head.count + content.count
    }
    try file.append(table)
    try file.append(end(tensors.count, table: table.count, offset: offset))
    try file.commit()
  }

  /// The number of bytes before the name of an array in its header.
  static let entryHeader = 30

  /// The header of an array in the archive, and its record in the table of contents.
  static func entry(_ name: String, checksum: UInt32, size: Int, offset: Int) -> (
    head: [UInt8], record: [UInt8]
  ) {
    let path = Array((name + ".npy").utf8)
    // The fields are: version 2.0, no flags, stored, time and date (the earliest one), checksum,
    // compressed and uncompressed size, and the lengths of the name and of the extra field.
    let fields =
      number(20, 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(33, 2)
      + number(Int(checksum), 4) + number(size, 4) + number(size, 4) + number(path.count, 2)
      + number(0, 2)
    let record =
      [0x50, 0x4b, 0x01, 0x02] + number(20, 2) + fields + number(0, 10) + number(offset, 4) + path
    return ([0x50, 0x4b, 0x03, 0x04] + fields + path, record)
  }

  /// The end of the archive, after the table of contents.
  static func end(_ entries: Int, table: Int, offset: Int) -> [UInt8] {
    let count = number(entries, 2)
    return [0x50, 0x4b, 0x05, 0x06] + number(0, 4) + count + count + number(table, 4)
      + number(offset, 4) + number(0, 2)
  }

  /// The header of an `.npy` file, version 1.0. Blanks extend it to a multiple of 64 bytes.
  static func header(_ type: Tensor.ElementType, _ shape: [Int]) -> [UInt8] {
    let type =
      switch type {
      case .uint8: "|u1"
      case .bool: "|b1"
      case .int32: "<i4"
      case .int64: "<i8"
      case .float32: "<f4"
      case .float64: "<f8"
      }
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
    let length = (10 + text.utf8.count + 1 + 63) / 64 * 64 - 10
    let header = text + String(repeating: " ", count: length - text.utf8.count - 1) + "\n"
    return NPY.signature + [1, 0] + number(length, 2) + Array(header.utf8)
  }

  private static func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
  }
}
