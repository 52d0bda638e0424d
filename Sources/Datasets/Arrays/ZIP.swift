import CZlib
import Foundation
import Support

/// A zip archive in memory, such as NumPy's `.npz`: members stored or deflated, also beyond 4 GB's fields (zip64).
///
/// Members are looked up by name and inflated when asked for; nothing is ever written to a path that an archive names.
/// Format: PKWARE's APPNOTE.TXT, 4.3.
struct ZIP {
  struct Member {
    let method: Int
    let checksum: UInt32
    let size: Int
    let inflated: Int
    let offset: Int
  }

  static let signature: [UInt8] = [0x50, 0x4b, 0x03, 0x04]
  private static let mostMembers = 4096

  let file: String
  private let bytes: [UInt8]
  private let members: [String: Member]

  var names: [String] { members.keys.sorted() }

  /// Reads the table of contents.
  /// - Throws: `Failure.badData` if it is not a zip archive, or its table is not sound.
  init(_ bytes: [UInt8], named file: String) throws {
    self.bytes = bytes
    self.file = file
    members = try Self.members(bytes, named: file)
  }

  private static func members(_ bytes: [UInt8], named file: String) throws -> [String: Member] {
    let damaged = Failure.badData("\(file): not a sound zip archive", hint: "is it cut short? get or write it again")
    // The end record is 22 bytes and a comment of up to 65,535.
    let end = stride(from: bytes.count - 22, through: max(0, bytes.count - 22 - 65_535), by: -1).first {
      bytes[$0...].starts(with: [0x50, 0x4b, 0x05, 0x06])
    }
    guard let end else { throw damaged }
    var reader = ByteReader(bytes[(end + 10)...], named: file)
    var count = Int(try reader.number(2))
    _ = try reader.word()
    var start = try reader.word()
    if count == 0xffff || start == 0xffff_ffff {
      guard end >= 20 else { throw damaged }
      var locator = ByteReader(bytes[(end - 20)..<end], named: file)
      guard try locator.word() == 0x0706_4b50, try locator.word() == 0,
        let place = Int(exactly: try locator.number(8)), place <= bytes.count - 56
      else { throw damaged }
      var record = ByteReader(bytes[(place + 32)...], named: file)
      count = Int(clamping: try record.number(8))
      _ = try record.number(8)
      start = Int(clamping: try record.number(8))
    }
    guard count <= mostMembers, start <= end else { throw damaged }
    var table = ByteReader(bytes[start..<end], named: file)
    var members: [String: Member] = [:]
    for _ in 0..<count {
      let (name, member) = try entry(&table, damaged)
      guard members.updateValue(member, forKey: name) == nil else {
        throw Failure.badData("\(file): two members are named '\(name)'")
      }
    }
    return members
  }

  private static func entry(_ table: inout ByteReader, _ damaged: Failure) throws -> (String, Member) {
    guard try table.word() == 0x0201_4b50 else { throw damaged }
    _ = try table.take(4)
    let flags = try table.number(2)
    let method = Int(try table.number(2))
    _ = try table.take(4)
    let checksum = UInt32(try table.number(4))
    var sizes = [try table.word(), try table.word()]
    let lengths = try (0..<3).map { _ in Int(try table.number(2)) }
    _ = try table.take(8)
    var offset = try table.word()
    let name = String(decoding: try table.take(lengths[0]), as: UTF8.self)
    var extra = ByteReader(try table.take(lengths[1]), named: table.file)
    _ = try table.take(lengths[2])
    while extra.left >= 4 {
      let (kind, length) = (try extra.number(2), Int(try extra.number(2)))
      var field = ByteReader(try extra.take(length), named: table.file)
      guard kind == 1 else { continue }
      // Those of the numbers that did not fit 32 bits, in this order.
      if sizes[1] == 0xffff_ffff { sizes[1] = Int(clamping: try field.number(8)) }
      if sizes[0] == 0xffff_ffff { sizes[0] = Int(clamping: try field.number(8)) }
      if offset == 0xffff_ffff { offset = Int(clamping: try field.number(8)) }
    }
    guard flags & 1 == 0 else { throw Failure.badData("\(table.file): '\(name)' is encrypted") }
    return (name, Member(method: method, checksum: checksum, size: sizes[0], inflated: sizes[1], offset: offset))
  }

  /// The content of a member, checked against its checksum.
  /// - Throws: `Failure.badData` if there is none of that name, it is damaged, or inflates to more than it should.
  func content(_ name: String) throws -> [UInt8] {
    let place = "\(file), \(name)"
    guard let member = members[name] else {
      throw Failure.badData("\(file) has no member '\(name)'", hint: hint(for: name, among: names))
    }
    guard member.offset <= bytes.count else { throw Failure.badData("\(place): the member lies outside the archive") }
    var reader = ByteReader(bytes[member.offset...], named: place)
    guard try reader.word() == 0x0403_4b50 else { throw Failure.badData("\(place): no member begins where it should") }
    _ = try reader.take(22)
    let lengths = [Int(try reader.number(2)), Int(try reader.number(2))]
    _ = try reader.take(lengths[0] + lengths[1])
    let stored = try reader.take(member.size)
    let content = try unpacked(stored, member, place)
    let checksum = content.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
    guard content.count == member.inflated, UInt32(checksum) == member.checksum else {
      throw Failure.badData(
        "\(place): its size or checksum is not what the archive says", hint: "get or write it again")
    }
    return content
  }

  private func unpacked(_ stored: ArraySlice<UInt8>, _ member: Member, _ place: String) throws -> [UInt8] {
    switch member.method {
    case 0: return Array(stored)
    case 8:
      guard member.inflated <= min(SizeLimits.array + 1024, SizeLimits.inflated(from: member.size)) else {
        throw Failure.badData(
          "\(place): \(member.size) bytes claim to inflate to \(member.inflated), which no images do",
          hint: "save it uncompressed, with numpy.savez")
      }
      return try stored.withUnsafeBytes { try Gzip.inflate($0, .bare, named: place, limit: member.inflated) }
    default:
      throw Failure.badData("\(place): compressed by method \(member.method)", hint: "save it with numpy.savez")
    }
  }
}
