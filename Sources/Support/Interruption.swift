import Dispatch
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What happens on Ctrl-C and on a polite kill: unfinished files are removed, finished ones stay,
/// the status is 130.
public enum Interruption {
  /// The process's one list of files being written; everything else about an interruption is
  /// stateless.
  private static let unfinished = Unfinished()

  /// Handles SIGINT, SIGTERM and SIGHUP from now on, and lets a closed pipe or a file-size limit be
  /// an error of `write` instead of the end of the process.
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
          "\ncrossfire: interrupted; what was finished is kept, the same command goes on from there\n"
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
