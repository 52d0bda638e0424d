import Foundation
import Support

extension ZipArchive {
  /// An archive that PyTorch may have written; a large one is read as it is needed.
  /// - Throws: `Failure.missing` if the file cannot be read, `Failure.badData` if it is not a sound
  ///   archive.
  init(pytorch url: URL) throws {
    guard let bytes = try? Data(contentsOf: url, options: .alwaysMapped) else {
      throw Failure.missing("cannot read \(url.path)")
    }
    try self.init(bytes, what: "it")
  }

  /// The bytes of a member; nil if there is none of that name.
  /// - Throws: `Failure.badData` if it is compressed, has two sizes, or is not in the file.
  func plain(_ name: String) throws -> Data? {
    guard let (member, stored) = try member(name) else { return nil }
    guard member.method == 0 else {
      throw Failure.badData(
        "its member '\(name)' is compressed; PyTorch stores members as they are")
    }
    guard stored.count == member.size else {
      throw Failure.badData(
        "its member '\(name)' has two sizes, \(stored.count) and \(member.size) bytes")
    }
    return stored
  }
}
