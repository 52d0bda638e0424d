import Dispatch
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The response to signals that ask the process to end.
///
/// After SIGINT (Ctrl-C), SIGTERM and SIGHUP, unfinished files are removed, finished files stay, and
/// the exit status is 130. After SIGUSR1, which a scheduler sends some time before it ends a process,
/// the present batch or epoch is finished and stored first, and the exit status is 75.
public enum Interruption {
  /// The files that this process is writing.
  private static let unfinished = Unfinished()

  /// Handles the signals from now on.
  ///
  /// A closed pipe and a file size limit no longer end the process: `write` then reports an error.
  public static func install() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      handle(number) {
        unfinished.removeAll()
        Console.report(
          "\ncrossfire: interrupted; finished results are kept, and the same command continues\n")
        _exit(130)
      }
    }
    handle(SIGUSR1) { unfinished.requestStop() }
  }

  private static func handle(_ number: Int32, _ body: @escaping @Sendable () -> Void) {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(
      signal: number, queue: .global(qos: .userInteractive))
    source.setEventHandler(handler: body)
    source.resume()
    unfinished.keep(source)
  }

  /// Whether SIGUSR1 has asked the process to stop at the next place where nothing is lost.
  public static var isStopRequested: Bool { unfinished.isStopRequested }

  /// Ends the work if SIGUSR1 has asked for it. Called where everything that is done is stored: after
  /// a batch, after a checkpoint, and between steps.
  /// - Throws: `Failure` with the status 75.
  public static func stopIfRequested() throws {
    guard isStopRequested else { return }
    throw Failure(
      .unfinished, "stopped early, as SIGUSR1 asked; what is done is stored",
      hint: "the same command continues")
  }

  /// Records a file that is being written, to be removed on an interruption.
  static func willWrite(_ path: String) { unfinished.insert(path) }
  /// Removes a file from the record.
  static func didWrite(_ path: String) { unfinished.remove(path) }

  private final class Unfinished: @unchecked Sendable {
    private let lock = NSLock()
    private var paths: Set<String> = []
    private var sources: [any DispatchSourceSignal] = []
    private var stops = false

    func insert(_ path: String) { lock.withLock { _ = paths.insert(path) } }
    func remove(_ path: String) { lock.withLock { _ = paths.remove(path) } }
    func keep(_ source: any DispatchSourceSignal) { lock.withLock { sources.append(source) } }
    func removeAll() { lock.withLock { for path in paths { unlink(path) } } }
    func requestStop() { lock.withLock { stops = true } }
    var isStopRequested: Bool { lock.withLock { stops } }
  }
}
