import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that appears as a whole or not at all.
///
/// It is written to a temporary file in the same folder, synced to the disk and renamed. The name of
/// the temporary file holds the machine, the process and random digits, and ends in `.partial`, so
/// several machines may write the same file at once: one of their versions stays. If `commit()` is not
/// called, the temporary file is removed with this object. `AtomicFile.sweep` removes temporary files
/// that a killed process has left.
///
///     let file = try AtomicFile(place)
///     try file.append("name,value\n")
///     try file.commit()
public final class AtomicFile {
  /// The end of the names of temporary files.
  public static let partialSuffix = ".partial"

  private let place: URL
  private let partial: URL
  private let isSynced: Bool
  private var descriptor: Int32

  /// Opens a new file and creates the folders above it.
  /// - Parameter synced: whether the file must survive a loss of power after `commit`. Without it,
  ///   a file still appears as a whole or not at all, and many small files are written faster.
  /// - Throws: `Failure.cannotWrite` with the system's reason.
  public init(_ place: URL, synced: Bool = true) throws {
    self.place = place
    isSynced = synced
    partial = Self.temporary(beside: place)
    try createFolder(place.deletingLastPathComponent())
    descriptor = open(partial.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
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

  /// Appends data.
  public func append(_ data: some ContiguousBytes) throws {
    try data.withUnsafeBytes { try append($0) }
  }

  /// Appends a text in UTF-8.
  public func append(_ text: String) throws {
    try append(Array(text.utf8))
  }

  /// Writes bytes at an offset, for a file whose parts are finished in another order. What lies
  /// between parts is 0. `append` goes on where the last `append` ended.
  /// - Parameter offset: the place of the first byte, at least 0.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    precondition(offset >= 0, "a file has no bytes before its first")
    var (rest, next) = (bytes[...], offset)
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let written = pwrite(descriptor, piece.baseAddress, piece.count, off_t(next))
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw Self.failure(place) }
      rest = rest.dropFirst(written)
      next += written
    }
  }

  /// Writes data at an offset.
  public func write(_ data: some ContiguousBytes, at offset: Int) throws {
    try data.withUnsafeBytes { try write($0, at: offset) }
  }

  /// Moves the finished file to its place.
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

  /// Checks, before long work, that a file can be written at a place. No file is left there.
  /// - Throws: `Failure.cannotWrite`, also if there is a folder at the place.
  public static func probe(_ place: URL) throws {
    guard !isFolder(place) else {
      throw Failure.cannotWrite(
        "cannot write \(place.path): expected the path of a file, found a folder",
        hint: "add the name of a file to the path")
    }
    _ = try AtomicFile(place)
  }

  /// Writes a whole file.
  public static func write(_ data: some ContiguousBytes, to place: URL, synced: Bool = true) throws
  {
    let file = try AtomicFile(place, synced: synced)
    try file.append(data)
    try file.commit()
  }

  /// Writes a whole text file in UTF-8.
  public static func write(_ text: String, to place: URL) throws {
    try write(Array(text.utf8), to: place)
  }

  /// The path of a new temporary file in the folder of another file, which no other process uses and
  /// `sweep` knows.
  static func temporary(beside place: URL) -> URL {
    let writer = ProcessIdentity.current
    let name = "\(writer.place)-\(writer.process)-\(ProcessIdentity.randomDigits())"
    return place.deletingLastPathComponent().appending(
      path: ".\(place.lastPathComponent).\(name)\(partialSuffix)")
  }

  /// Removes temporary files that are certainly abandoned, in a folder and the folders below it: those
  /// of processes of this machine that have ended, and those that have not changed for a day.
  public static func sweep(_ folder: URL) {
    guard let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    else { return }
    for case let file as URL in walk where file.lastPathComponent.hasSuffix(partialSuffix) {
      if isAbandoned(file) { try? FileManager.default.removeItem(at: file) }
    }
  }

  /// Whether nobody will finish a temporary file.
  private static func isAbandoned(_ file: URL) -> Bool {
    let name = file.lastPathComponent.dropLast(partialSuffix.count)
    guard let match = name.wholeMatch(of: /\..*\.([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}/),
      let process = Int32(match.output.2)
    else { return false }
    let writer = ProcessIdentity(place: String(match.output.1), process: process)
    let changed = try? file.resourceValues(forKeys: [.contentModificationDateKey])
      .contentModificationDate
    return writer.hasEnded ?? false || changed.map { $0.timeIntervalSinceNow < -86_400 } ?? false
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
      "cannot write \(place.path): \(systemReason(reason))", hint: hint)
  }
}

/// Creates a folder and the folders above it.
/// - Throws: `Failure.cannotWrite`, which names the folder and the reason.
public func createFolder(_ folder: URL) throws {
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  } catch {
    // Foundation does not always say why it failed, so the system is asked again for its reason.
    let reason = mkdir(folder.path, 0o755) == 0 ? "" : ": " + systemReason()
    throw Failure.cannotWrite(
      "cannot create the folder \(folder.path)\(reason)",
      hint: "choose a folder you may write to with --out")
  }
}
