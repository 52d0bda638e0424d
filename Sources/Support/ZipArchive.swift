import Foundation
import Support

/// The members of a zip archive that are stored as they are, which is how PyTorch writes its files.
///
/// Names are only ever looked up, never turned into paths. Nothing the directory claims is believed before it was checked
/// against the size of the file. Format: PKWARE's APPNOTE 6.3, with 64-bit sizes.
struct ZipArchive {
  private struct Member {
    /// Where its own header begins.
    let offset: Int
    let size: Int
    let method: Int
  }

  private let bytes: Data
  private let members: [String: Member]

  var byteCount: Int { bytes.count }
  var names: [String] { members.keys.sorted() }

  static let mostMembers = 100_000

  /// - Throws: `Failure.badData` if it is not a sound archive.
  init(_ url: URL) throws {
    guard let bytes = try? Data(contentsOf: url, options: .alwaysMapped) else {
      throw Failure.missing("cannot read \(url.path)")
    }
    self.bytes = bytes
    guard let end = Self.end(of: bytes) else {
      throw Self.wrong("it has no directory at its end", hint: "is it truncated? download or save it again")
    }
    guard end.count <= Self.mostMembers, end.start >= 0, end.start <= bytes.count else {
      throw Self.wrong("its directory claims \(end.count) members from byte \(end.start) on")
    }
    var members: [String: Member] = [:]
    var place = end.start
    for _ in 0..<end.count {
      guard let fields = LittleEndian(bytes, place, 46), fields[0, 4] == 0x0201_4b50 else {
        throw Self.wrong("its directory is damaged at byte \(place)")
      }
      let lengths = (name: fields[28, 2], extra: fields[30, 2], comment: fields[32, 2])
      guard let name = LittleEndian(bytes, place + 46, lengths.name)?.text,
        let extra = LittleEndian(bytes, place + 46 + lengths.name, lengths.extra)
      else { throw Self.wrong("its directory is damaged at byte \(place)") }
      let large = Self.largeFields(extra, of: (fields[24, 4], fields[20, 4], fields[42, 4]))
      guard let large, members[name] == nil else { throw Self.wrong("its directory is damaged at '\(name)'") }
      members[name] = Member(offset: large.offset, size: large.size, method: fields[10, 2])
      place += 46 + lengths.name + lengths.extra + lengths.comment
    }
    self.members = members
  }

  /// The bytes of a member; nil if there is none of that name.
  func member(_ name: String) throws -> Data? {
    guard let member = members[name] else { return nil }
    guard member.method == 0 else {
      throw Self.wrong("its member '\(name)' is compressed; PyTorch stores members as they are")
    }
    guard let header = LittleEndian(bytes, member.offset, 30), header[0, 4] == 0x0403_4b50,
      let content = LittleEndian(bytes, member.offset + 30 + header[26, 2] + header[28, 2], member.size)
    else { throw Self.wrong("its member '\(name)' of \(member.size) bytes does not lie in the file") }
    return content.data
  }

  /// The number of members and where the directory begins.
  private static func end(of bytes: Data) -> (count: Int, start: Int)? {
    // The record of 22 bytes may be followed by a comment of up to 65,535.
    let first = max(0, bytes.count - 22 - 65_535)
    guard bytes.count >= 22 else { return nil }
    for place in stride(from: bytes.count - 22, through: first, by: -1) {
      guard let record = LittleEndian(bytes, place, 22), record[0, 4] == 0x0605_4b50 else { continue }
      let (count, start) = (record[10, 2], record[16, 4])
      guard count == 0xffff || start == 0xffff_ffff else { return (count, start) }
      guard let locator = LittleEndian(bytes, place - 20, 20), locator[0, 4] == 0x0706_4b50,
        let large = LittleEndian(bytes, locator[8, 8], 56), large[0, 4] == 0x0606_4b50
      else { return nil }
      return (large[32, 8], large[48, 8])
    }
    return nil
  }

  /// Sizes and offset that are too large for their fields stand in an extra field, in this order.
  private static func largeFields(
    _ extra: LittleEndian, of fields: (size: Int, stored: Int, offset: Int)
  ) -> (size: Int, offset: Int)? {
    var (size, offset) = (fields.size, fields.offset)
    var place = 0
    while place + 4 <= extra.count {
      let (kind, length) = (extra[place, 2], extra[place + 2, 2])
      guard place + 4 + length <= extra.count else { return nil }
      if kind == 1 {
        var next = place + 4
        func take(_ field: Int) -> Int? {
          guard field == 0xffff_ffff else { return field }
          guard next + 8 <= place + 4 + length else { return nil }
          defer { next += 8 }
          return extra[next, 8]
        }
        guard let full = take(fields.size), take(fields.stored) != nil, let start = take(fields.offset) else {
          return nil
        }
        (size, offset) = (full, start)
      }
      place += 4 + length
    }
    return size >= 0 && offset >= 0 ? (size, offset) : nil
  }

  private static func wrong(_ reason: String, hint: String? = nil) -> Failure {
    .badData("it is not a sound zip archive: \(reason)", hint: hint)
  }
}

/// A piece of a file with numbers in it, the least byte first; nil if the file does not have it.
struct LittleEndian {
  let data: Data

  init?(_ bytes: Data, _ place: Int, _ count: Int) {
    guard place >= 0, count >= 0, place <= bytes.count, count <= bytes.count - place else { return nil }
    data = bytes[bytes.startIndex + place..<bytes.startIndex + place + count]
  }

  var count: Int { data.count }
  var text: String? { String(data: data, encoding: .utf8) }

  /// The number of up to 8 bytes at a place that is in the piece; −1 if it is larger than any size.
  subscript(_ place: Int, _ width: Int) -> Int {
    let first = data.startIndex + place
    let number = data[first..<first + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(exactly: number) ?? -1
  }
}
