import CTorch
import Foundation
import Support

/// libtorch, the engine that computes everything: its version, its threads and its memory.
///
/// The module works without any call of this type. As soon as the process loads it, before `main`,
/// it registers its own memory allocator with libtorch. That allocator keeps the memory of large
/// tensors for reuse, at most as much as was once in use at the same time. Nothing turns it off. A
/// program that uses libtorch beside this module uses the same allocator.
///
/// `start` adds two settings, which the command `crossfire` makes and a program that uses the
/// library should make too.
public enum Engine {
  /// The version of libtorch that this process uses, for example "2.13.0".
  public static var version: String { String(cString: ct_version()) }

  /// How many threads one operation may use.
  public static var threads: Int { Int(ct_threads()) }

  /// Sets how many threads an operation may use, and tells malloc to keep freed memory.
  ///
  /// Both settings hold for the whole process. With glibc, malloc keeps all memory that any part of
  /// the process frees from now on, and does not return it to the system. On other systems, malloc
  /// stays as it is.
  ///
  /// Call it once, before the first tensor: without it, operations use libtorch's own number of
  /// threads, and passes of a network spend more time on allocating memory. Calling it again is
  /// safe and only changes the number of threads.
  ///
  /// - Parameter threads: the number of threads; nil for `OMP_NUM_THREADS` if it is set, and
  ///   otherwise one per processor that this process may use. The limits are
  ///   `SLURM_CPUS_PER_TASK`, the affinity mask, and the processor time of a container.
  public static func start(threads: Int? = nil) {
    ct_keep_memory()
    ct_use_whole_floats()
    ct_set_threads(Int32(threads ?? ThreadCount.ofThisProcess.threads))
  }

  /// Why libtorch last refused an operation on this thread.
  static var lastError: String { String(cString: ct_last_error()) }

  /// Ends the process with a message of one line, because libtorch refused an operation.
  ///
  /// Shapes and values are checked when they enter the program. What remains is a lack of memory,
  /// or an error in this program. Files that were written before stay as they are.
  static func refuse() -> Never { refuse(lastError) }

  /// Ends the process with a message of one line: the first line of an error's text.
  package static func refuse(_ error: String) -> Never {
    let reason = error.split(separator: "\n").first.map(String.init) ?? "unknown error"
    stop("the engine refused an operation: \(reason)")
  }

  /// Ends the process with a message of one line.
  package static func stop(_ message: String) -> Never {
    Console.report("crossfire: \(message)\n")
    _exit(1)
  }
}

/// Runs a body without recording its operations for gradients. It is faster, and nothing that it
/// computes can be differentiated.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_set_gradients(false)
  defer { _ = ct_set_gradients(before) }
  return try body()
}

/// Runs a body and records its operations for gradients, even inside `withoutGradients`.
public func withGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_set_gradients(true)
  defer { _ = ct_set_gradients(before) }
  return try body()
}
