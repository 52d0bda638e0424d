import Dispatch
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Handles Ctrl-C and the signals SIGTERM and SIGHUP: unfinished files are removed, finished files
/// stay, and the process exits with status 130.
public enum Interruption {
  /// The files that the process is writing. This is the only state that an interruption needs.
  private static let unfinished = Unfinished()

  /// Handles SIGINT, SIGTERM and SIGHUP from now on. A closed pipe or an exceeded file-size limit
  /// then makes `write` fail and no longer ends the process.
  public static func install() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(
        signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        unfinished.removeAll()
        let words =
          "\ncrossfire: interrupted; finished results are kept, run the same command to continue\n"
        _ = words.withCString { write(2, $0, strlen($0)) }
        _exit(130)
      }
      source.resume()
      unfinished.keep(source)
    }
  }

  static func willWrite(_ path: String) { unfinished.insert(path) }
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
