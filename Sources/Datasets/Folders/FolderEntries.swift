import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a folder holds, without following anything.
struct FolderEntry {
  enum Kind { case file, folder, link, other }
  let name: String
  let kind: Kind

  /// The entries of a folder but those whose names begin with a dot, in the order of their names'
  /// bytes.
  ///
  /// Asks the system for names and kinds alone, since a folder may hold half a million files.
  /// - Throws: `Failure.missing` if it cannot be read; `Failure.badData` for a name that is not
  ///   UTF-8.
  static func all(in folder: URL) throws -> [FolderEntry] {
    guard let stream = opendir(folder.path) else {
      let reason = String(cString: strerror(errno)).lowercased()
      throw Failure.missing("cannot read the folder \(folder.path): \(reason)")
    }
    defer { closedir(stream) }
    var entries: [FolderEntry] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard bytes.first != UInt8(ascii: ".") else { continue }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw Failure.badData(
          "\(folder.path): a name in this folder is not UTF-8: \(String(decoding: bytes, as: UTF8.self))",
          hint: "rename it")
      }
      entries.append(
        FolderEntry(name: name, kind: kind(entry.pointee.d_type, folder.appending(path: name))))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func kind(_ type: UInt8, _ url: URL) -> Kind {
    switch Int(type) {
    case Int(DT_REG): .file
    case Int(DT_DIR): .folder
    case Int(DT_LNK): .link
    case Int(DT_UNKNOWN):
      // Some file systems do not tell.
      switch try? FileManager.default.attributesOfItem(atPath: url.path)[.type]
        as? FileAttributeType
      {
      case .typeRegular: .file
      case .typeDirectory: .folder
      case .typeSymbolicLink: .link
      default: .other
      }
    default: .other
    }
  }
}
