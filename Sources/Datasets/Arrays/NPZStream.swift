import CZlib
import Foundation
import ModelCore
import Support

/// Writes arrays of a NumPy archive (`.npz`) a few rows at a time, several arrays in turn, so that
/// none of them has to be in memory. Their shapes are known before.
///
///     let file = try NPZStream(url, [.init("gradient", [1000, 3, 224, 224])])
///     try file.append(rows, to: "gradient")  // until all rows are there
///     try file.finish()
package final class NPZStream {
  /// An array of the archive.
  package struct Layout {
    let name: String
    let shape: [Int]
    let type: Tensor.ElementType

    package init(_ name: String, _ shape: [Int], _ type: Tensor.ElementType = .float32) {
      self.name = name
      self.shape = shape
      self.type = type
    }

    /// The size in the file, in bytes.
    var size: Int { shape.reduce(type == .int64 || type == .float64 ? 8 : 4, *) }
  }

  /// The place of an array in the file.
  private struct Entry {
    let layout: Layout
    let start: Int
    let header: [UInt8]
    /// Where the next row goes.
    var next: Int
    /// The checksum of what was written.
    var checksum: UInt
  }

  private let file: AtomicFile
  private var entries: [Entry] = []
  private var end = 0

  /// - Throws: `Failure.cannotWrite`; `Failure.usage` for more than 4 GB, the largest size of such an
  ///   archive. Call it before long work.
  package init(_ url: URL, _ arrays: [Layout]) throws {
    let size = arrays.reduce(0) { $0 + $1.size + 1024 }
    guard size < Int(UInt32.max) else {
      throw Failure.usage(
        "\(url.lastPathComponent) would have \(size / 1_000_000) MB, and an .npz file holds at most "
          + "4 GB", hint: "use fewer examples or fewer methods")
    }
    file = try AtomicFile(url)
    for layout in arrays {
      let header = NPZWriter.header(layout.type, layout.shape)
      let start = end
      let body = start + NPZWriter.entryHeader + layout.name.utf8.count + 4
      entries.append(
        Entry(
          layout: layout, start: start, header: header, next: body + header.count,
          checksum: header.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }))
      end = body + header.count + layout.size
    }
  }

  /// Appends rows to an array.
  /// - Throws: `Failure.cannotWrite`.
  package func append(_ rows: Tensor, to name: String) throws {
    guard let place = entries.firstIndex(where: { $0.layout.name == name }) else {
      preconditionFailure("no array \(name)")
    }
    let bytes = rows.to(entries[place].layout.type).to(.cpu).contiguous.rawBytes()
    entries[place].checksum = bytes.withUnsafeBufferPointer {
      crc32_z(entries[place].checksum, $0.baseAddress, $0.count)
    }
    try file.write(bytes, at: entries[place].next)
    entries[place].next += bytes.count
  }

  /// Writes the headers and the table of contents, and moves the file to its place.
  /// - Precondition: all rows of all arrays were appended.
  /// - Throws: `Failure.cannotWrite`.
  package func finish() throws {
    var table: [UInt8] = []
    for entry in entries {
      let size = entry.header.count + entry.layout.size
      precondition(
        entry.next == entry.start + NPZWriter.entryHeader + entry.layout.name.utf8.count + 4 + size,
        "rows of \(entry.layout.name) are missing")
      let (head, record) = NPZWriter.entry(
        entry.layout.name, checksum: UInt32(entry.checksum), size: size, offset: entry.start)
      try file.write(head + entry.header, at: entry.start)
      table += record
    }
    try file.write(table + NPZWriter.end(entries.count, table: table.count, offset: end), at: end)
    try file.commit()
  }
}
