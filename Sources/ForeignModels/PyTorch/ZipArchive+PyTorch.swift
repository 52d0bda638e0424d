import Foundation
import Support

extension ZipArchive {
  /// Opens an archive that PyTorch may have written. The file is mapped into memory, so that only
  /// the parts that are used are read.
  /// - Throws: `Failure.missing` if the file cannot be read; `Failure.badData` if it is not a valid
  ///   archive.
  init(pytorch url: URL) throws {
    guard let bytes = try? Data(contentsOf: url, options: .alwaysMapped) else {
      throw Failure.unreadable(url)
    }
    try self.init(bytes, what: "it")
  }

  /// The bytes of a member; nil if the archive has none of that name.
  /// - Throws: `Failure.badData` if the member is compressed, states two different sizes, or lies
  ///   outside of the file.
  func plain(_ name: String) throws -> Data? {
    guard let (member, stored) = try member(name) else { return nil }
    guard member.method == 0 else {
      throw Failure.badData(
        "its member '\(name)' is compressed, and PyTorch never compresses members",
        hint: "save the model again with torch.save")
    }
    guard stored.count == member.size else {
      throw Failure.badData(
        "its member '\(name)' has two sizes, \(stored.count) and \(member.size) bytes")
    }
    return stored
  }
}
