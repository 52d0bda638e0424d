import Foundation

/// A zip archive whose members are not compressed, as PyTorch writes them.
func storedZip(_ members: [(name: String, content: Data)]) -> Data {
  func little(_ number: Int, _ width: Int) -> Data {
    Data((0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
  }
  var (archive, contents) = (Data(), Data())
  for (name, content) in members {
    // The version, flags, method, time, date and checksum, which the reader does not use, are zero.
    let fields =
      little(0, 14) + little(content.count, 4) + little(content.count, 4)
      + little(name.utf8.count, 2) + little(0, 2)
    contents += Data("PK\u{1}\u{2}".utf8) + little(0, 2) + fields + little(0, 10)
    contents += little(archive.count, 4) + Data(name.utf8)
    archive += Data("PK\u{3}\u{4}".utf8) + fields + Data(name.utf8) + content
  }
  let end =
    Data("PK\u{5}\u{6}".utf8) + little(0, 4) + little(members.count, 2) + little(members.count, 2)
    + little(contents.count, 4) + little(archive.count, 4) + little(0, 2)
  return archive + contents + end
}
