import Foundation
import Support

/// Reads the bytes of a file, or of a part of one, from the beginning on and never past the end.
struct ByteReader {
  private let data: Data
  private let what: String
  private var place: Data.Index

  /// - Parameter what: the name of the bytes in error messages, such as "its pickle".
  init(_ data: Data, what: String) {
    self.data = data
    self.what = what
    place = data.startIndex
  }

  var isAtEnd: Bool { place == data.endIndex }

  /// How many bytes have been read.
  var consumed: Int { place - data.startIndex }

  mutating func byte() throws -> UInt8 {
    guard place < data.endIndex else { throw tooShort() }
    defer { place += 1 }
    return data[place]
  }

  mutating func bytes(_ count: Int) throws -> Data {
    guard count >= 0, count <= data.endIndex - place else { throw tooShort() }
    defer { place += count }
    return data[place..<place + count]
  }

  /// A little-endian number of 1 to 8 bytes. A number of 8 bytes is signed, a shorter one is not.
  mutating func number(_ width: Int) throws -> Int {
    let number = try bytes(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(truncatingIfNeeded: number)
  }

  mutating func bigEndianDouble() throws -> Double {
    Double(bitPattern: try bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// A text of `count` bytes in UTF-8.
  mutating func text(_ count: Int) throws -> String {
    let bytes = try bytes(count)
    guard let text = String(data: bytes, encoding: .utf8) else {
      throw Failure.badData("\(what) contains a text that is not valid UTF-8")
    }
    return text
  }

  /// The text up to the next line feed, which is read too.
  mutating func line() throws -> String {
    guard let end = data[place...].firstIndex(of: 0x0a) else { throw tooShort() }
    defer { place += 1 }
    return try text(end - place)
  }

  private func tooShort() -> Failure {
    .badData("\(what) ends too early", hint: "the file may be truncated: get it again")
  }
}
