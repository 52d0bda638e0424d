import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Standard output, which takes results, and standard error, which takes progress and messages.
///
/// Everything that Crossfire writes there goes through this type. A message that cannot be written
/// is given up, because the work does not depend on it. A result that cannot be written is an
/// error.
public enum Console {
  /// The reader of standard output has closed its end of the pipe, as `head` does once it has its
  /// lines.
  public struct ReaderGone: Error {}

  /// Occupies the standard descriptors that are closed, so that no file that is opened later gets
  /// the number of one of them and receives messages. Call it once, before anything is opened.
  ///
  /// Reading from such a descriptor gives no bytes, and writing to it fails.
  public static func reserveDescriptors() {
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
      // `open` takes the lowest free number, which is this one.
      _ = open("/dev/null", O_RDONLY)
    }
  }

  /// Writes a message to standard error. If it cannot be written, it is lost. In the locale C, the
  /// symbols in it are spelled in ASCII.
  public static func report(_ text: String) { _ = write(isPlain ? plain(text) : text, to: 2) }

  /// Writes a result for people and a line break to standard output. In the locale C, the symbols in
  /// it are spelled in ASCII.
  /// - Throws: `ReaderGone` if nobody reads it; `Failure.cannotWrite` with the system's reason.
  public static func write(_ result: String) throws {
    try write(document: isPlain ? plain(result) : result)
  }

  /// Writes a document for programs and a line break to standard output, as it is in every locale.
  /// - Throws: `ReaderGone` if nobody reads it; `Failure.cannotWrite` with the system's reason.
  public static func write(document: String) throws {
    switch write(document + "\n", to: 1) {
    case nil: return
    case EPIPE: throw ReaderGone()
    case let reason?:
      throw Failure.cannotWrite(
        "cannot write the result to standard output: \(systemReason(reason))",
        hint: "send standard output to a terminal, a file or a pipe that can be written")
    }
  }

  /// Writes a whole text.
  /// - Returns: the system's reason for a failure; nil for success.
  private static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { systemWrite(descriptor, $0) }
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if written < 0 && errno == EAGAIN {
        // The descriptor does not block, and its reader is slower than this process.
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wait, 1, -1)
      } else if written == 0 || errno != EINTR {
        return written == 0 ? EIO : errno
      }
    }
    return nil
  }
}

/// The function `write` of the system, which the methods of the same name hide.
func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}

/// The system's reason for a failed call, in words: `no space left on device`.
/// - Parameter code: the number of the error; that of the last failed call unless given.
package func systemReason(_ code: Int32 = errno) -> String {
  String(cString: strerror(code)).lowercased()
}
