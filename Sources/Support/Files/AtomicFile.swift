import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that appears whole or not at all. It is written beside its place under a name that ends
/// in `.partial`, synced to disk, and then renamed.
///
/// An instance that is released without `commit()` removes what it wrote. A process that is killed
/// leaves its `.partial` file behind; `AtomicFile.sweep` removes such files.
public final class AtomicFile {
  public static let partialSuffix = ".partial"

  private let place: URL
  private let partial: URL
  private let isSynced: Bool
  private var descriptor: Int32

  /// Opens a new file, creating the folders above it.
  /// - Parameter synced: whether the file must survive a loss of power after `commit`. False is
  ///   faster, and suits thousands of small files that can be made again. They too appear whole or
  ///   not at all.
  /// - Throws: `Failure.cannotWrite` with the system's reason.
  public init(_ place: URL, synced: Bool = true) throws {
    self.place = place
    isSynced = synced
    partial = place.deletingLastPathComponent().appending(
      path: ".\(place.lastPathComponent).\(getpid())\(Self.partialSuffix)")
    try createFolder(place.deletingLastPathComponent())
    descriptor = open(partial.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(place) }
    Interruption.willWrite(partial.path)
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    discard()
  }

  /// Appends bytes.
  public func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let written = systemWrite(descriptor, piece)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw Self.failure(place) }
      rest = rest.dropFirst(written)
    }
  }

  public func append(_ data: some ContiguousBytes) throws {
    try data.withUnsafeBytes { try append($0) }
  }

  public func append(_ text: String) throws {
    try append(Array(text.utf8))
  }

  /// Puts the finished file in its place.
  public func commit() throws {
    let synced = isSynced ? fsync(descriptor) : 0
    let reason = errno
    let closed = close(descriptor)
    descriptor = -1
    guard synced == 0, closed == 0 else {
      if synced != 0 { errno = reason }
      let failure = Self.failure(place)
      discard()
      throw failure
    }
    guard rename(partial.path, place.path) == 0 else {
      let failure = Self.failure(place)
      discard()
      throw failure
    }
    Interruption.didWrite(partial.path)
  }

  /// Checks before a long computation that a file can be written at a place. Leaves nothing there.
  /// - Throws: `Failure.cannotWrite`.
  public static func probe(_ place: URL) throws {
    _ = try AtomicFile(place)
  }

  /// Writes a whole file at once.
  public static func write(_ data: some ContiguousBytes, to place: URL, synced: Bool = true) throws
  {
    let file = try AtomicFile(place, synced: synced)
    try file.append(data)
    try file.commit()
  }

  /// Writes a whole text file at once, in UTF-8.
  public static func write(_ text: String, to place: URL) throws {
    try write(Array(text.utf8), to: place)
  }

  /// Removes the remains of writers that were killed, from a folder and the folders below it.
  public static func sweep(_ folder: URL) {
    guard let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    else { return }
    for case let file as URL in walk where file.lastPathComponent.hasSuffix(partialSuffix) {
      if isAbandoned(file) { try? FileManager.default.removeItem(at: file) }
    }
  }

  /// Whether the process that wrote a partial file has ended. The name of the file contains the
  /// number of the process.
  private static func isAbandoned(_ file: URL) -> Bool {
    let owner = file.lastPathComponent.dropLast(partialSuffix.count).split(separator: ".").last
    guard let owner, let process = Int32(owner) else { return false }
    return process != getpid() && kill(process, 0) != 0 && errno == ESRCH
  }

  private func discard() {
    unlink(partial.path)
    Interruption.didWrite(partial.path)
  }

  private static func failure(_ place: URL) -> Failure {
    let reason = errno
    let hint =
      switch reason {
      case ENOSPC, EDQUOT: "free some space, or choose another folder with --out"
      case EACCES, EROFS, EPERM: "choose a folder you may write to with --out"
      default: nil as String?
      }
    return .cannotWrite(
      "cannot write \(place.path): \(String(cString: strerror(reason)).lowercased())", hint: hint)
  }
}

/// Creates a folder and those above it.
/// - Throws: `Failure.cannotWrite` naming the folder and the reason.
public func createFolder(_ folder: URL) throws {
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  } catch {
    // `mkdir` is called again for the reason of the system, because Foundation does not always give
    // it.
    let reason =
      mkdir(folder.path, 0o755) == 0 ? "" : ": " + String(cString: strerror(errno)).lowercased()
    throw Failure.cannotWrite(
      "cannot create the folder \(folder.path)\(reason)",
      hint: "choose a folder you may write to with --out")
  }
}

/// The system's `write`. Inside the type, its own methods of the same name hide it.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}
