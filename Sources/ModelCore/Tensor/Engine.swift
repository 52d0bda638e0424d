import CTorch
import Foundation

/// The engine under everything: libtorch, its threads and its memory.
public enum Engine {
  /// The version of libtorch this process runs on, for example "2.13.0".
  public static var version: String { String(cString: ct_version()) }

  /// How many threads one operation may use.
  public static var threads: Int { Int(ct_threads()) }

  /// Prepares the process: keeps freed memory for reuse and sets the number of threads (nil: one
  /// per core).
  ///
  /// Call once, before the first tensor is made.
  public static func start(threads: Int? = nil) {
    ct_keep_memory()
    ct_set_threads(Int32(threads ?? ProcessInfo.processInfo.activeProcessorCount))
  }

  /// What libtorch said about its last refusal on this thread.
  static var lastError: String { String(cString: ct_last_error()) }

  /// Ends the process with one clear line. Shapes and values were checked where they came in, so
  /// what remains is memory that is not there or a fault of ours; everything already written stays.
  static func refuse() -> Never { refuse(lastError) }

  /// Ends the process with one line: the first of an error's text.
  package static func refuse(_ error: String) -> Never {
    let reason = error.split(separator: "\n").first.map(String.init) ?? "unknown error"
    FileHandle.standardError.write(
      Data("crossfire: the engine refused an operation: \(reason)\n".utf8))
    _exit(1)
  }
}

/// Runs a body without recording what its results depend on: faster, and nothing in it can be
/// differentiated.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_set_gradients(false)
  defer { _ = ct_set_gradients(before) }
  return try body()
}

/// Runs a body with gradients recorded, also inside `withoutGradients`.
public func withGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_set_gradients(true)
  defer { _ = ct_set_gradients(before) }
  return try body()
}
