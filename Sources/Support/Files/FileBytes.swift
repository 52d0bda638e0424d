import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Reads a whole regular file into memory.
/// - Parameter limit: the largest size that is accepted, in bytes. A larger file is refused before
///   it is read.
/// - Throws: `Failure.missing` if the file does not exist or cannot be opened; `Failure.badData` if
///   it is not a regular file, or too large.
package func readFile(_ url: URL, limit: Int) throws -> Data {
  // Without O_NONBLOCK, opening a pipe would wait until another process opens it for writing.
  let file = open(url.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard file >= 0 else {
    throw Failure.unreadable(url)
  }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
    throw Failure.badData("\(url.path): expected a file, found a folder or a device")
  }
  let size = Int(status.st_size)
  guard size <= limit else {
    throw Failure.badData("\(url.path): expected at most \(limit) bytes, found \(size)")
  }
  // The file is not mapped into memory: if another process shortened it, reading the map would end
  // this process.
  var data = Data(count: size)
  let length = data.withUnsafeMutableBytes { bytes in
    var length = 0
    while length < size {
      let got = read(file, bytes.baseAddress! + length, size - length)
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else { return got < 0 ? got : length }
      length += got
    }
    return length
  }
  guard length >= 0 else {
    throw Failure.missing("cannot read \(url.path)", hint: "check that you may read it")
  }
  return data.prefix(length)
}

extension Failure {
  /// A file that could not be opened, and whether it is missing or only unreadable.
  package static func unreadable(_ url: URL) -> Failure {
    guard FileManager.default.fileExists(atPath: url.path) else {
      return missing("No such file: \(url.path)")
    }
    return missing(
      "cannot read \(url.path)",
      hint: isFolder(url) ? "it is a folder; give a file" : "check that you may read it")
  }
}

/// Whether a path names an existing folder.
package func isFolder(_ url: URL) -> Bool {
  var folder: ObjCBool = false
  return FileManager.default.fileExists(atPath: url.path, isDirectory: &folder) && folder.boolValue
}

extension String {
  /// The text of a file without the byte order mark with which some editors begin a file.
  package var withoutByteOrderMark: String {
    unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
  }
}
