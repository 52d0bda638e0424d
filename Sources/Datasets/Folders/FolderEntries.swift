import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file, folder or link in a folder. Links are not followed.
struct FolderEntry {
  enum Kind {
    case file, folder, link
    /// A device, a pipe or a socket.
    case other
  }
  let name: String
  let kind: Kind

  /// Whether the name begins with a dot.
  var isHidden: Bool { name.hasPrefix(".") }

  /// Lists the entries of a folder, sorted by the bytes of their names.
  ///
  /// Only names and kinds are requested from the system, since a folder may hold half a million
  /// files.
  /// - Parameter hidden: whether names that begin with a dot are listed too.
  /// - Throws: `Failure.missing` if the folder cannot be read; `Failure.badData` for a name that is
  ///   not UTF-8.
  static func all(in folder: URL, hidden: Bool = false) throws -> [FolderEntry] {
    guard let stream = opendir(folder.path) else {
      guard errno != ENOENT else { throw Failure.missing("No such folder: \(folder.path)") }
      throw Failure.missing("cannot read the folder \(folder.path): \(systemReason())")
    }
    defer { closedir(stream) }
    let dot = [UInt8(ascii: ".")]
    var entries: [FolderEntry] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard bytes.first != UInt8(ascii: ".") || hidden && bytes != dot && bytes != dot + dot else {
        continue
      }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw Failure.badData(
          "\(folder.path): expected names in UTF-8, "
            + "found \(String(decoding: bytes, as: UTF8.self))",
          hint: "rename this file or folder")
      }
      entries.append(
        FolderEntry(name: name, kind: kind(entry.pointee.d_type, folder.appending(path: name))))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func kind(_ type: UInt8, _ url: @autoclosure () -> URL) -> Kind {
    switch Int(type) {
    case Int(DT_REG): .file
    case Int(DT_DIR): .folder
    case Int(DT_LNK): .link
    case Int(DT_UNKNOWN):
      // Some file systems do not give the kind with the name.
      switch try? FileManager.default.attributesOfItem(atPath: url().path)[.type]
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
