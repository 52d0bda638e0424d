import Foundation
import Support

/// Reads a piece of a file from its beginning on, and never past its end.
struct ByteReader {
  private let data: Data
  private let what: String
  private var place: Data.Index

  /// - Parameter what: how messages call it, such as "its pickle".
  init(_ data: Data, what: String) {
    self.data = data
    self.what = what
    place = data.startIndex
  }

  var isAtEnd: Bool { place == data.endIndex }

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

  /// Up to 8 bytes, the least first; the sign is that of 8 bytes.
  mutating func number(_ width: Int) throws -> Int {
    let number = try bytes(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(truncatingIfNeeded: number)
  }

  mutating func bigEndianDouble() throws -> Double {
    Double(bitPattern: try bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  mutating func text(_ count: Int) throws -> String {
    let bytes = try bytes(count)
    guard let text = String(data: bytes, encoding: .utf8) else {
      throw Failure.badData("\(what) holds a text that is none")
    }
    return text
  }

  /// A text that ends with its line.
  mutating func line() throws -> String {
    guard let end = data[place...].firstIndex(of: 0x0a) else { throw tooShort() }
    defer { place += 1 }
    return try text(end - place)
  }

  private func tooShort() -> Failure {
    .badData("\(what) ends in the middle", hint: "is the file truncated? download or save it again")
  }
}
