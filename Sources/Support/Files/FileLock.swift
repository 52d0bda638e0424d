import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A lock between processes, which is held as long as this object exists. When a process ends in
/// any way, the system releases its locks.
public final class FileLock {
  private let descriptor: Int32

  /// Takes the lock, if it is free.
  /// - Parameter shared: whether other processes may hold the lock at the same time, if they share
  ///   it too.
  /// - Returns: nil if another process holds the lock.
  /// - Throws: `Failure.cannotWrite` if the file of the lock cannot be created or locked.
  public init?(_ file: URL, shared: Bool = false) throws {
    try createFolder(file.deletingLastPathComponent())
    descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw Failure.cannotWrite(
        "cannot write in \(file.deletingLastPathComponent().path): \(systemReason())",
        hint: "choose a folder you may write to with --out")
    }
    guard flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else {
      let reason = errno
      if reason == EWOULDBLOCK { return nil }
      throw Failure.cannotWrite(
        "cannot lock \(file.path): \(systemReason(reason))",
        hint: "choose a folder on a file system that supports locks with --out")
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }
}
