import CZlib
import Foundation
import Support

/// Gzip files (RFC 1952) and the same compression in other frames, inflated by zlib.
///
/// What a file inflates to is bounded by the caller, who knows what the file should hold; memory
/// grows with the bytes that really come out and never with what a header claims.
public enum Gzip {
  /// Whether the bytes begin as a gzip file does, whatever the file is called.
  public static func isGzip(_ data: Data) -> Bool {
    data.starts(with: [0x1f, 0x8b])
  }

  /// What stands around the compressed data.
  enum Frame: Int32, CustomStringConvertible {
    /// A gzip file. 15 bits is the largest window, 16 more ask for gzip's framing and its check of
    /// CRC and length.
    case gzip = 31
    /// RFC 1950, as in MATLAB's files.
    case zlib = 15
    /// Nothing, as in zip archives.
    case bare = -15

    var description: String { self == .gzip ? "gzip" : "compressed" }
  }

  /// Inflates a whole gzip file, of one member or several.
  /// - Parameters:
  ///   - file: the name used in errors.
  ///   - limit: the largest number of bytes that may come out.
  /// - Throws: `Failure.badData` if the file is truncated, corrupt, followed by other bytes, or
  ///   inflates to more than `limit` bytes.
  public static func inflate(_ data: Data, named file: String, limit: Int) throws -> [UInt8] {
    try data.withUnsafeBytes { try inflate($0, .gzip, named: file, limit: limit) }
  }

  /// Inflates bytes in any frame; as `inflate` for files.
  static func inflate(
    _ bytes: UnsafeRawBufferPointer, _ frame: Frame, named file: String, limit: Int
  ) throws -> [UInt8] {
    let output = try firstBytes(limit + 1, of: bytes, frame, named: file)
    guard output.count <= limit else {
      throw Failure.badData(
        "\(file): inflates to more than the \(limit) bytes expected", hint: "get the file again")
    }
    return output
  }

  /// The first bytes a gzip file inflates to: `count` of them, or all if there are fewer.
  ///
  /// Stopping early leaves the rest of the file unread, so only its beginning is checked.
  static func firstBytes(_ count: Int, of data: Data, named file: String) throws -> [UInt8] {
    try data.withUnsafeBytes { try firstBytes(count, of: $0, .gzip, named: file) }
  }

  private static func firstBytes(
    _ count: Int, of input: UnsafeRawBufferPointer, _ frame: Frame, named file: String
  ) throws -> [UInt8] {
    // A first guess that the file itself bounds; images of digits inflate five- to eightfold.
    var output: [UInt8] = []
    output.reserveCapacity(min(count, 8 * input.count))
    try inflate(input, frame, named: file, upTo: count, into: &output)
    return output
  }

  private static func inflate(
    _ input: UnsafeRawBufferPointer, _ frame: Frame, named file: String, upTo count: Int,
    into output: inout [UInt8]
  ) throws {
    var stream = z_stream()
    let began = inflateInit2_(
      &stream, frame.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard began == Z_OK else { throw Failure(.failed, "zlib cannot start: error \(began)") }
    defer { inflateEnd(&stream) }
    stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(input.count)

    let piece = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 18)
    defer { piece.deallocate() }
    while output.count < count {
      let room = min(piece.count, count - output.count)
      stream.next_out = piece.baseAddress
      stream.avail_out = UInt32(room)
      let status = CZlib.inflate(&stream, Z_NO_FLUSH)
      output.append(contentsOf: piece[..<(room - Int(stream.avail_out))])
      switch status {
      case Z_OK: continue
      case Z_STREAM_END where stream.avail_in == 0: return
      case Z_STREAM_END:
        let rest = input.suffix(Int(stream.avail_in))
        guard frame == .gzip, rest.starts(with: [0x1f, 0x8b]) else {
          throw Failure.badData(
            "\(file): \(rest.count) bytes follow the end of the \(frame) data",
            hint: "get the file again")
        }
        inflateReset(&stream)
      case Z_BUF_ERROR:
        throw Failure.badData(
          "\(file): the \(frame) data is cut short after \(input.count) bytes",
          hint: "get the file again")
      default:
        let reason = stream.msg.map { String(cString: $0) } ?? "error \(status)"
        throw Failure.badData(
          "\(file): the \(frame) data is corrupt (\(reason))", hint: "get the file again")
      }
    }
  }
}
