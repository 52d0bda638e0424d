import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The bytes of an unfinished download, in a file `.NAME.download` beside the place of the finished
/// file `NAME`.
///
/// The file stays when a download is interrupted, and the next attempt continues it, also in
/// another process. Only one process at a time may use it. The checksum of the finished file
/// decides whether the bytes of several attempts belong together.
final class PartialFile: @unchecked Sendable {
  private let place: URL
  let url: URL
  private var descriptor: Int32
  /// Whether this process holds the lock, from `init` to `release`.
  private var isOurs = false
  /// The number of bytes in the file. Only one thread at a time uses the file: first the caller,
  /// then its transfer.
  private(set) var length: Int

  /// Opens the file of an earlier attempt or creates a new one, with the folders above it.
  /// - Throws: `Failure.cannotWrite` with the system's reason; `Failure` if another process uses
  ///   the file.
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
        .failed, "another process is downloading \(place.path)", hint: "wait until it has finished")
    }
    isOurs = true
    length = Int(lseek(descriptor, 0, SEEK_END))
  }

  deinit { release() }

  /// Closes the file. If it is empty it is removed, otherwise it stays for the next attempt.
  func release() {
    guard descriptor >= 0 else { return }
    if isOurs {
      if length == 0 { unlink(url.path) }
      // Closing alone may not release the lock: a process that is being started at this moment
      // shares the descriptor and with it the lock.
      flock(descriptor, LOCK_UN)
    }
    close(descriptor)
    descriptor = -1
    isOurs = false
  }

  /// Removes all bytes from the file.
  func restart() throws {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw failure()
    }
    length = 0
  }

  /// Appends bytes to the file.
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

  /// Gives the finished file its final name.
  func commit() throws {
    guard fsync(descriptor) == 0, rename(url.path, place.path) == 0 else { throw failure() }
  }

  private func failure() -> Failure {
    let reason = systemReason()
    return .cannotWrite(
      "cannot write \(place.path): \(reason)", hint: "check the folder and the space left in it")
  }
}
