import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A digest of what the system tells about some files without opening them.
package struct FileStamps {
  /// What counts of a file besides its name.
  enum Content {
    /// The number of the inode, the size in bytes, and the times of the last change of the content
    /// and of the inode, in nanoseconds.
    ///
    /// A program may set the time of the content back after it has changed a file, but not the time
    /// of the inode. The number of the inode tells files apart that have exchanged their names.
    case inode
    /// The size in bytes and the time of the last change of the content, in nanoseconds. A copy that
    /// keeps the times has the same, on any machine.
    case copy
  }

  private let content: Content
  private let digest = Digest()
  /// Bytes that have not been added to the digest yet. Small pieces are digested together.
  private var pending: [UInt8] = []
  /// The latest of all times, in nanoseconds since 1970; nil without files.
  private(set) var newest: Int64?
  /// The folders that were visited, by device and inode, so that links cannot lead in circles.
  private var visited: Set<[UInt64]> = []

  init(_ content: Content = .inode) { self.content = content }

  /// A digest of the size and time of a file, or of the names, sizes and times of the files in a
  /// folder and in the folders below it. Hidden files are left out, and links are followed. It is the
  /// same for a copy in another place that keeps the times.
  /// - Returns: nil if there is no such file or folder, or if a folder cannot be read.
  package static func copyDigest(of url: URL) -> String? {
    var stamps = FileStamps(.copy)
    let isThere =
      isFolder(url)
      ? stamps.add(folder: url.path, as: "") { _ in true } : stamps.add(file: url.path, as: "")
    return isThere ? stamps.hex() : nil
  }

  /// Adds a text.
  mutating func add(_ text: String) {
    pending += text.utf8
    pending.append(0)
    if pending.count > 1 << 16 { flush() }
  }

  /// Adds a file, or the file that a link leads to.
  /// - Parameter name: what stands for its path in the digest.
  /// - Returns: whether there is such a file.
  mutating func add(file path: String, as name: String) -> Bool {
    guard let status = Self.status(path), status.st_mode & S_IFMT == S_IFREG else { return false }
    add(status, as: name)
    return true
  }

  /// Adds the files in a folder and in the folders below it, whose names `isWanted` accepts. Links
  /// are followed. A link that leads nowhere counts as such.
  /// - Parameters:
  ///   - name: what stands for the path of the folder in the digest.
  ///   - inside: whether the folders below it are added too.
  ///   - hidden: whether hidden files and folders are added too.
  /// - Returns: whether all of them could be read.
  mutating func add(
    folder path: String, as name: String, inside: Bool = true, hidden: Bool = false,
    where isWanted: (String) -> Bool
  ) -> Bool {
    guard let status = Self.status(path), let entries = Self.entries(of: path, hidden: hidden)
    else { return false }
    let place = [UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino)]
    add("folder \(name)")
    guard visited.insert(place).inserted else { return true }
    for entry in entries {
      let (file, label) = ("\(path)/\(entry)", "\(name)/\(entry)")
      guard let status = Self.status(file) else {
        add("missing \(label)")
        continue
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR where inside:
        guard add(folder: file, as: label, hidden: hidden, where: isWanted) else { return false }
      case S_IFREG where isWanted(entry): add(status, as: label)
      default: break
      }
    }
    return true
  }

  /// Ends the digest, in hexadecimal. Nothing must be added afterwards.
  mutating func hex() -> String {
    flush()
    return digest.hex()
  }

  private mutating func add(_ status: stat, as name: String) {
    let times = Self.times(status)
    newest = max(newest ?? .min, times.content, times.inode)
    add(name)
    var numbers = [Int64(status.st_size), times.content]
    if content == .inode { numbers += [Int64(bitPattern: UInt64(status.st_ino)), times.inode] }
    for number in numbers {
      withUnsafeBytes(of: number.littleEndian) { pending += $0 }
    }
  }

  private mutating func flush() {
    pending.withUnsafeBytes { digest.update($0) }
    pending.removeAll(keepingCapacity: true)
  }

  private static func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  /// The times of the last change of the content and of the inode, in nanoseconds since 1970.
  private static func times(_ status: stat) -> (content: Int64, inode: Int64) {
    #if canImport(Glibc)
      let (content, inode) = (status.st_mtim, status.st_ctim)
    #else
      let (content, inode) = (status.st_mtimespec, status.st_ctimespec)
    #endif
    func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
    return (nanoseconds(content), nanoseconds(inode))
  }

  /// The names in a folder, sorted by their bytes; nil if it cannot be read, or if a name is not
  /// UTF-8.
  /// - Parameter hidden: whether names that begin with a dot are among them.
  private static func entries(of path: String, hidden: Bool) -> [String]? {
    guard let stream = opendir(path) else { return nil }
    defer { closedir(stream) }
    let dot = [UInt8(ascii: ".")]
    var names: [String] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if bytes.first == dot[0], !hidden || bytes == dot || bytes == dot + dot { continue }
      guard let name = String(validating: bytes, as: UTF8.self) else { return nil }
      names.append(name)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
