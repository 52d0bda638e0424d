import Dispatch
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The response to Ctrl-C and to signals that ask the process to end: unfinished files are removed,
/// finished files stay, and the exit status is 130.
public enum Interruption {
  /// The files that this process is writing.
  private static let unfinished = Unfinished()

  /// Handles SIGINT, SIGTERM and SIGHUP from now on.
  ///
  /// A closed pipe and a file size limit no longer end the process: `write` then reports an error.
  public static func install() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(
        signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        unfinished.removeAll()
        Console.report(
          "\ncrossfire: interrupted; finished results are kept, and the same command continues\n")
        _exit(130)
      }
      source.resume()
      unfinished.keep(source)
    }
  }

  /// Records a file that is being written, to be removed on an interruption.
  static func willWrite(_ path: String) { unfinished.insert(path) }
  /// Removes a file from the record.
  static func didWrite(_ path: String) { unfinished.remove(path) }

  private final class Unfinished: @unchecked Sendable {
    private let lock = NSLock()
    private var paths: Set<String> = []
    private var sources: [any DispatchSourceSignal] = []

    func insert(_ path: String) { lock.withLock { _ = paths.insert(path) } }
    func remove(_ path: String) { lock.withLock { _ = paths.remove(path) } }
    func keep(_ source: any DispatchSourceSignal) { lock.withLock { sources.append(source) } }
    func removeAll() { lock.withLock { for path in paths { unlink(path) } } }
  }
}
