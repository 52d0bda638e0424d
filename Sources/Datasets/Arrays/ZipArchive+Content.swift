import CZlib
import Foundation
import Support

extension ZipArchive {
  /// Reads a member of a NumPy archive, decompresses it and verifies its checksum.
  /// - Throws: `Failure.badData` if there is no member of that name, if it is damaged, or if it
  ///   decompresses to more than the largest size that is read.
  package func content(_ name: String) throws -> [UInt8] {
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
          "\(place): \(stored.count) compressed bytes claim to decompress to \(member.size), "
            + "far more than arrays of images do",
          hint: "save it uncompressed, with numpy.savez")
      }
      content = try stored.withUnsafeBytes {
        try Gzip.inflate($0, .bare, named: place, limit: member.size)
      }
    default:
      throw Failure.badData(
        "\(place): expected a member that is stored or deflated, found method \(member.method)",
        hint: "save it with numpy.savez")
    }
    let checksum = content.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
    guard content.count == member.size, UInt32(checksum) == member.checksum else {
      throw Failure.badData(
        "\(place): its size or checksum is not the one in the archive",
        hint: "get or write it again"
      )
    }
    return content
  }
}
