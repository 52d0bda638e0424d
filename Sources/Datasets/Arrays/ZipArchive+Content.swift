import CZlib
import Foundation
import Support

extension ZipArchive {
  /// The content of a member of a NumPy archive, inflated if it is deflated, checked against its
  /// checksum.
  /// - Throws: `Failure.badData` if there is none of that name, it is damaged, or inflates to more
  ///   than it should.
  func content(_ name: String) throws -> [UInt8] {
    let place = "\(what), \(name)"
    guard let (member, stored) = try member(name) else {
      throw Failure.badData("\(what) has no member '\(name)'", hint: hint(for: name, among: names))
    }
    let content: [UInt8]
    switch member.method {
    case 0: content = Array(stored)
    case 8:
      guard member.size <= min(SizeLimits.array + 1024, SizeLimits.inflated(from: stored.count))
      else {
        throw Failure.badData(
          "\(place): \(stored.count) bytes claim to inflate to \(member.size), which no images do",
          hint: "save it uncompressed, with numpy.savez")
      }
      content = try stored.withUnsafeBytes {
        try Gzip.inflate($0, .bare, named: place, limit: member.size)
      }
    default:
      throw Failure.badData(
        "\(place): compressed by method \(member.method)", hint: "save it with numpy.savez")
    }
    let checksum = content.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
    guard content.count == member.size, UInt32(checksum) == member.checksum else {
      throw Failure.badData(
        "\(place): its size or checksum is not what the archive says", hint: "get or write it again"
      )
    }
    return content
  }
}
