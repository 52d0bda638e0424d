import Foundation
import Support

/// Reads a whole regular file into memory.
/// - Parameter limit: the largest size accepted, in bytes; a larger file is refused before it is read.
/// - Throws: `Failure.missing` if there is no such file or it cannot be opened, `Failure.badData` if it is not a regular
///   file or too large.
package func readFile(_ url: URL, limit: Int) throws -> Data {
  guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path) else {
    throw Failure.missing("there is no file \(url.path)")
  }
  guard attributes[.type] as? FileAttributeType == .typeRegular else {
    throw Failure.badData("\(url.path): expected a file, found a folder or a device")
  }
  let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
  guard size <= limit else {
    throw Failure.badData("\(url.path): expected at most \(limit) bytes, found \(size)")
  }
  // Not memory-mapped: a mapped file that another process shortens would end this one.
  guard let data = try? Data(contentsOf: url) else {
    throw Failure.missing("cannot read \(url.path)", hint: "check that you may read it")
  }
  return data
}

/// Whether a path names an existing folder.
func isFolder(_ url: URL) -> Bool {
  var folder: ObjCBool = false
  return FileManager.default.fileExists(atPath: url.path, isDirectory: &folder) && folder.boolValue
}
