import Foundation
import Support

/// A gzipped tar archive, which is read from front to back in little memory.
///
/// Only plain files and folders are read, with paths that stay below the folder they are unpacked
/// to. Links, devices and anything else are refused, and so is an archive with more files or bytes
/// than expected. Formats: ustar and pax (POSIX.1-2001), and GNU's long names.
struct TarArchive {
  let url: URL
  /// The largest number of bytes in all files together.
  let limit: Int
  /// The largest number of files.
  static let mostFiles = 2_000_000

  init(_ url: URL, limit: Int) {
    self.url = url
    self.limit = limit
  }

  /// Visits the files in order.
  /// - Parameter visit: is called with the path and the size of a file. It returns a function that
  ///   is called with the content piece by piece, or nil to skip the file.
  /// - Throws: `Failure.badData` if the archive is damaged, or if it could write outside of its
  ///   folder or fill the disk.
  func walk(_ visit: (_ path: String, _ size: Int) throws -> ((ArraySlice<UInt8>) throws -> Void)?)
    throws
  {
    let source = try InflatedFile(url)
    var longName: String?
    var (total, files) = (0, 0)
    while let header = try header(source) {
      let kind = header[156]
      let size = try size(header)
      total += size
      files += 1
      guard total <= limit, files <= Self.mostFiles else {
        throw wrong("holds more than the expected \(limit) bytes or \(Self.mostFiles) files")
      }
      switch kind {
      case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
        let path = try checked(longName ?? name(header))
        longName = nil
        try copy(size, from: source, to: visit(path, size))
      case UInt8(ascii: "5"):
        _ = try checked(longName ?? name(header))
        longName = nil
        try copy(size, from: source, to: nil)
      case UInt8(ascii: "L"): longName = try text(size, source).trimmingCharacters(in: ["\0"])
      case UInt8(ascii: "x"): longName = try paxPath(text(size, source)) ?? longName
      case UInt8(ascii: "g"): try copy(size, from: source, to: nil)
      case UInt8(ascii: "1"), UInt8(ascii: "2"):
        throw wrong("holds a link, '\(printable(name(header)))'")
      default:
        throw wrong("holds '\(printable(name(header)))', which is neither a file nor a folder")
      }
    }
    // Blocks of zeros fill up the archive. Reading the last of them makes zlib compare the checksum
    // of the whole file.
    guard try source.read(1 << 20).count < 1 << 20 else {
      throw wrong("has more than a megabyte after its end")
    }
  }

  /// The next header block; nil at the end of the archive.
  private func header(_ source: InflatedFile) throws -> [UInt8]? {
    let block = try source.read(512)
    guard block.count == 512 else { throw wrong("is cut short") }
    guard block.contains(where: { $0 != 0 }) else { return nil }
    // For the checksum, its own field counts as blanks.
    let sum = block.enumerated().reduce(0) {
      $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element))
    }
    guard try octal(block[148..<156]) == sum else { throw wrong("has a damaged header") }
    return block
  }

  private func size(_ header: [UInt8]) throws -> Int {
    let field = header[124..<136]
    guard field.first! & 0x80 != 0 else { return try octal(field) }
    // Sizes of more than 8 GB are stored in binary. No data set has such a file.
    throw wrong("holds a file of more than 8 GB")
  }

  private func octal(_ field: ArraySlice<UInt8>) throws -> Int {
    let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    guard let value = Int(String(decoding: digits, as: UTF8.self), radix: 8), value >= 0 else {
      throw wrong("has a damaged header")
    }
    return value
  }

  private func name(_ header: [UInt8]) -> String {
    let text = { (field: ArraySlice<UInt8>) in
      String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
    let isPOSIX = header[257..<262].elementsEqual(Array("ustar".utf8))
    let prefix = isPOSIX ? text(header[345..<500]) : ""
    return prefix.isEmpty ? text(header[0..<100]) : prefix + "/" + text(header[0..<100])
  }

  /// The path without its last slash, if it stays below the folder that it is unpacked to.
  private func checked(_ path: String) throws -> String {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if parts.last == "" { parts.removeLast() }
    while parts.first == "." { parts.removeFirst() }
    let isSafe = parts.allSatisfy { part in
      !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
        && part.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
    guard isSafe, parts.count <= 32, path.utf8.count <= 4096 else {
      throw wrong("holds the path '\(printable(path))', which may lead out of its folder")
    }
    return parts.joined(separator: "/")
  }

  private func text(_ size: Int, _ source: InflatedFile) throws -> String {
    guard size <= 1 << 16 else { throw wrong("has a name of \(size) bytes") }
    var text: [UInt8] = []
    try copy(size, from: source) { text += $0 }
    return String(decoding: text, as: UTF8.self)
  }

  /// The path in a pax header, which has lines such as "23 path=folder/file\n".
  private func paxPath(_ text: String) -> String? {
    text.split(separator: "\n").compactMap { line in
      line.range(of: " path=").map { String(line[$0.upperBound...]) }
    }.last
  }

  private func copy(
    _ size: Int, from source: InflatedFile, to take: ((ArraySlice<UInt8>) throws -> Void)?
  ) throws {
    var left = size
    while left > 0 {
      let piece = try source.read(min(left, 1 << 20))
      guard !piece.isEmpty else { throw wrong("is cut short") }
      try take?(piece[...])
      left -= piece.count
    }
    let padding = (512 - size % 512) % 512
    guard try source.read(padding).count == padding else { throw wrong("is cut short") }
  }

  private func printable(_ text: String) -> String {
    text.prefix(200).unicodeScalars.map { $0.escaped(asASCII: false) }.joined()
  }

  private func wrong(_ reason: String) -> Failure {
    .badData("\(url.path) \(reason)", hint: "get the archive again from its publisher")
  }
}
