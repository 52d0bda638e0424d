import CZlib

/// A zip archive whose members are stored without compression.
public func storedZip(_ members: [(name: String, content: [UInt8])]) -> [UInt8] {
  func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
  var (archive, directory) = ([UInt8](), [UInt8]())
  for (name, content) in members {
    let checksum = content.withUnsafeBufferPointer {
      Int(crc32(0, $0.baseAddress, UInt32($0.count)))
    }
    // Version, flags, method, time and date, then what both headers share.
    let common =
      little(20, 2) + little(0, 2) + little(0, 2) + little(0, 4) + little(checksum, 4)
      + little(content.count, 4) + little(content.count, 4) + little(name.utf8.count, 2)
      + little(0, 2)
    directory +=
      [0x50, 0x4b, 1, 2] + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2)
      + little(0, 4) + little(archive.count, 4) + Array(name.utf8)
    archive += [0x50, 0x4b, 3, 4] + common + Array(name.utf8) + content
  }
  return archive + directory + [0x50, 0x4b, 5, 6] + little(0, 4) + little(members.count, 2)
    + little(members.count, 2) + little(directory.count, 4) + little(archive.count, 4)
    + little(0, 2)
}
