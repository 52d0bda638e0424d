import Foundation

/// The table of contents of a zip archive, and the stored bytes of its members, which may be
/// compressed.
///
/// Names are only looked up and never used as paths. Everything that the table says is checked
/// against the size of the file first. Format: PKWARE's APPNOTE 6.3, with 64-bit sizes.
package struct ZipArchive {
  /// An entry of the table of contents.
  package struct Member {
    /// The compression method: 0 for none, 8 for deflate.
    package let method: Int
    /// The CRC-32 of the content.
    package let checksum: UInt32
    /// The size of the content in bytes.
    package let size: Int
    /// The number of bytes in the archive.
    fileprivate let storedSize: Int
    /// The position of the member's own header.
    fileprivate let offset: Int
  }

  private let bytes: Data
  private let members: [String: Member]
  /// The name of the archive in messages.
  package let what: String

  package var byteCount: Int { bytes.count }
  package var names: [String] { members.keys.sorted() }

  private static let mostMembers = 100_000

  /// - Parameter what: the name of the archive in messages: "it", or the name of a file.
  /// - Throws: `Failure.badData` if the archive is not valid.
  package init(_ bytes: Data, what: String) throws {
    func wrong(_ reason: String, hint: String? = nil) -> Failure {
      .badData("\(what) is not a sound zip archive: \(reason)", hint: hint)
    }
    self.bytes = bytes
    self.what = what
    guard let end = Self.end(of: bytes) else {
      throw wrong(
        "it has no table of contents at its end", hint: "is it truncated? download or save it again"
      )
    }
    guard (0...Self.mostMembers).contains(end.count), (0...bytes.count).contains(end.start) else {
      throw wrong("its table of contents claims \(end.count) members from byte \(end.start) on")
    }
    var members: [String: Member] = [:]
    var place = end.start
    for _ in 0..<end.count {
      let damaged = wrong("its table of contents is damaged at byte \(place)")
      guard let fields = LittleEndian(bytes, place, 46), fields[0, 4] == 0x0201_4b50 else {
        throw damaged
      }
      let lengths = (name: fields[28, 2], extra: fields[30, 2], comment: fields[32, 2])
      guard let name = LittleEndian(bytes, place + 46, lengths.name)?.text,
        let extra = LittleEndian(bytes, place + 46 + lengths.name, lengths.extra),
        let large = Self.largeFields(extra, of: (fields[24, 4], fields[20, 4], fields[42, 4]))
      else { throw damaged }
      guard fields[8, 2] & 1 == 0 else { throw wrong("its member '\(name)' is encrypted") }
      let member = Member(
        method: fields[10, 2], checksum: UInt32(fields[16, 4]), size: large.size,
        storedSize: large.stored,
        offset: large.offset)
      guard members.updateValue(member, forKey: name) == nil else {
        throw wrong("two members are named '\(name)'")
      }
      place += 46 + lengths.name + lengths.extra + lengths.comment
    }
    self.members = members
  }

  /// The table's entry for a member, and the member's bytes as they are stored; nil if there is no
  /// member of this name.
  /// - Throws: `Failure.badData` if these bytes are not in the file.
  package func member(_ name: String) throws -> (Member, stored: Data)? {
    guard let member = members[name] else { return nil }
    guard let header = LittleEndian(bytes, member.offset, 30), header[0, 4] == 0x0403_4b50,
      let content = LittleEndian(
        bytes, member.offset + 30 + header[26, 2] + header[28, 2], member.storedSize)
    else {
      throw Failure.badData(
        "\(what) is damaged: the bytes of its member '\(name)' lie outside the file")
    }
    return (member, content.data)
  }

  /// The number of members, and the position of the table of contents.
  private static func end(of bytes: Data) -> (count: Int, start: Int)? {
    // The record of 22 bytes may be followed by a comment of up to 65,535.
    let first = max(0, bytes.count - 22 - 65_535)
    guard bytes.count >= 22 else { return nil }
    for place in stride(from: bytes.count - 22, through: first, by: -1) {
      guard let record = LittleEndian(bytes, place, 22), record[0, 4] == 0x0605_4b50 else {
        continue
      }
      let (count, start) = (record[10, 2], record[16, 4])
      guard count == 0xffff || start == 0xffff_ffff else { return (count, start) }
      guard let locator = LittleEndian(bytes, place - 20, 20), locator[0, 4] == 0x0706_4b50,
        let large = LittleEndian(bytes, locator[8, 8], 56), large[0, 4] == 0x0606_4b50
      else { return nil }
      return (large[32, 8], large[48, 8])
    }
    return nil
  }

  /// The sizes and the offset of a member. If one of them does not fit its field, an extra field
  /// contains it, in this order.
  private static func largeFields(
    _ extra: LittleEndian, of fields: (size: Int, stored: Int, offset: Int)
  ) -> (size: Int, stored: Int, offset: Int)? {
    var (size, stored, offset) = fields
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
        guard let whole = take(size), let packed = take(stored), let start = take(offset) else {
          return nil
        }
        (size, stored, offset) = (whole, packed, start)
      }
      place += 4 + length
    }
    return min(size, stored, offset) >= 0 ? (size, stored, offset) : nil
  }
}

/// A part of a file with little-endian numbers; nil if the file is too short.
private struct LittleEndian {
  let data: Data

  init?(_ bytes: Data, _ place: Int, _ count: Int) {
    guard place >= 0, count >= 0, place <= bytes.count, count <= bytes.count - place else {
      return nil
    }
    data = bytes[bytes.startIndex + place..<bytes.startIndex + place + count]
  }

  var count: Int { data.count }
  /// The bytes as text. Names in UTF-8 are exact; other names, from old programs, are only compared
  /// in this form.
  var text: String { String(decoding: data, as: UTF8.self) }

  /// The number of up to 8 bytes at a position in this part, or −1 if it does not fit an `Int`.
  subscript(_ place: Int, _ width: Int) -> Int {
    let first = data.startIndex + place
    let number = data[first..<first + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(exactly: number) ?? -1
  }
}
