import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A lock between processes, held as long as the value lives. The system releases it when the
/// process ends, even if the process crashes.
public final class FileLock {
  private let descriptor: Int32

  /// Takes the lock, unless it is taken already.
  /// - Parameter shared: whether the lock is shared. Many can hold a shared lock together, but not
  ///   while one holds it alone.
  /// - Returns: nil if the lock is taken.
  /// - Throws: `Failure.cannotWrite` if the file of the lock cannot be created.
  public init?(_ file: URL, shared: Bool = false) throws {
    try createFolder(file.deletingLastPathComponent())
    descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw Failure.cannotWrite(
        "cannot write in \(file.deletingLastPathComponent().path): "
          + String(cString: strerror(errno)).lowercased(),
        hint: "choose a folder you may write to with --out")
    }
    guard flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else { return nil }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }
}
