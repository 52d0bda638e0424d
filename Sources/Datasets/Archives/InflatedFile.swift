import CZlib
import Foundation
import Support

/// Decompresses a gzip file piece by piece, so that memory does not grow with the size of the file.
final class InflatedFile {
  private let file: FileHandle
  private let name: String
  private var stream = z_stream()
  private var input: [UInt8] = []
  private var output: ArraySlice<UInt8> = []
  private var isOver = false

  /// Opens a file.
  /// - Throws: `Failure.missing` if there is no such file or if it is a folder.
  init(_ url: URL) throws {
    name = url.path
    var folder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &folder), !folder.boolValue,
      let file = try? FileHandle(forReadingFrom: url)
    else { throw Failure.unreadable(url) }
    self.file = file
    guard
      inflateInit2_(
        &stream, Gzip.Frame.gzip.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw Failure(.failed, "zlib cannot start") }
  }

  deinit {
    inflateEnd(&stream)
    try? file.close()
  }

  /// Reads the next `count` bytes, or fewer at the end of the file.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(count, 1 << 20))
    while bytes.count < count {
      if output.isEmpty { try refill() }
      guard !output.isEmpty else { break }
      let piece = output.prefix(count - bytes.count)
      bytes += piece
      output = output.dropFirst(piece.count)
    }
    return bytes
  }

  private func refill() throws {
    while output.isEmpty, !isOver {
      if input.isEmpty {
        input = [UInt8](try file.read(upToCount: 1 << 18) ?? Data())
        guard !input.isEmpty else {
          throw Failure.badData("\(name): the gzip data is cut short", hint: "get the file again")
        }
      }
      try inflateSome()
    }
  }

  private func inflateSome() throws {
    var room = [UInt8](repeating: 0, count: 1 << 18)
    let capacity = room.count
    let status = input.withUnsafeMutableBufferPointer { input in
      room.withUnsafeMutableBufferPointer { room in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = room.baseAddress
        stream.avail_out = UInt32(room.count)
        return inflate(&stream, Z_NO_FLUSH)
      }
    }
    input.removeFirst(input.count - Int(stream.avail_in))
    output = room[..<(capacity - Int(stream.avail_out))]
    switch status {
    case Z_OK, Z_BUF_ERROR: break
    case Z_STREAM_END: isOver = true
    default:
      let reason = stream.msg.map { String(cString: $0) } ?? "error \(status)"
      throw Failure.badData(
        "\(name): the gzip data is corrupt (\(reason))", hint: "get the file again")
    }
  }
}
