import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A download under way: it stays beside its place as `.NAME.download` when it is interrupted, and
/// grows on from there.
///
/// Unlike an `AtomicFile` it outlives its process, and only one process at a time may have it. The
/// checksum decides whether the bytes collected over several attempts are the file.
final class PartialFile: @unchecked Sendable {
  private let place: URL
  let url: URL
  private var descriptor: Int32
  /// Whether this process has the file, between `init` and `release`.
  private var isOurs = false
  /// The bytes held so far. Only one thread at a time works on the file: first the caller, then its
  /// transfer.
  private(set) var length: Int

  /// Opens what an earlier attempt left, or a new file, creating the folders above it.
  /// - Throws: `Failure.cannotWrite` with the system's reason; `Failure` if another process is at
  ///   it.
  init(for place: URL) throws {
    self.place = place
    let folder = place.deletingLastPathComponent()
    url = folder.appending(path: ".\(place.lastPathComponent).download")
    try createFolder(folder)
    descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    length = 0
    guard descriptor >= 0 else { throw failure() }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw Failure(
        .failed, "another process is downloading \(place.path)", hint: "wait for it to end")
    }
    isOurs = true
    length = Int(lseek(descriptor, 0, SEEK_END))
  }

  deinit { release() }

  /// Lets go of the file, and removes it if nothing is in it. What is in it stays for the next
  /// attempt.
  func release() {
    guard descriptor >= 0 else { return }
    if isOurs {
      if length == 0 { unlink(url.path) }
      // Not left to `close`: a process being started at this moment shares the descriptor, and with
      // it the lock.
      flock(descriptor, LOCK_UN)
    }
    close(descriptor)
    descriptor = -1
    isOurs = false
  }

  /// Forgets what is there.
  func restart() throws {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw failure()
    }
    length = 0
  }

  func append(_ data: Data) throws {
    try data.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let written = write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress!, rest.count)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { throw failure() }
        rest = rest.dropFirst(written)
        length += written
      }
    }
  }

  /// Gives the finished file its name.
  func commit() throws {
    guard fsync(descriptor) == 0, rename(url.path, place.path) == 0 else { throw failure() }
  }

  private func failure() -> Failure {
    let reason = String(cString: strerror(errno)).lowercased()
    return .cannotWrite(
      "cannot write \(place.path): \(reason)", hint: "check the folder and the space left in it")
  }
}
