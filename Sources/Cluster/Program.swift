import Dispatch
import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An external program, which is run without a shell and for a limited time.
struct Program: Sendable {
  let name: String
  /// The folders in which the program is looked for, separated by colons.
  let path: String
  /// The longest time that it may take.
  var limit: Duration = .seconds(120)

  /// What a program printed, and its exit status.
  struct Result: Sendable {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The place of the program; nil if it is not installed.
  var place: URL? {
    path.split(separator: ":").map { URL(filePath: String($0)).appending(path: name) }.first {
      FileManager.default.isExecutableFile(atPath: $0.path) && !isFolder($0)
    }
  }

  /// Runs the program to its end.
  ///
  /// It writes into files and not into pipes: a pipe holds a few kilobytes only, and stays open as
  /// long as any process that the program has started.
  /// - Throws: `Failure` if it is not installed, cannot be started, or takes too long.
  func run(_ arguments: [String]) throws -> Result {
    guard let place else {
      throw Failure(
        .failed, "\(name) is not installed: no folder of PATH has it",
        hint: "run this command where the commands of Slurm are, such as on a login node")
    }
    let outputs = try (TemporaryOutput(), TemporaryOutput())
    let process = Process()
    process.executableURL = place
    process.arguments = arguments
    process.environment = Self.environment()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = outputs.0.handle
    process.standardError = outputs.1.handle
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    do { try process.run() } catch {
      throw Failure(.failed, "cannot start \(place.path): \(error.localizedDescription)")
    }
    if ended.wait(timeout: .now() + limit.seconds) == .timedOut {
      kill(process.processIdentifier, SIGKILL)
      // Its end is noticed late if a program that it has started goes on.
      _ = ended.wait(timeout: .now() + 1)
      throw Failure(
        .failed, "\(name) did not answer within \(Int(limit.seconds)) seconds",
        hint:
          "Slurm's controller may be busy or unreachable: scontrol ping asks it, and squeue --me "
          + "lists the jobs that it has accepted")
    }
    return Result(
      status: process.terminationStatus, output: outputs.0.text, errors: outputs.1.text)
  }

  /// The same, for a program that must succeed.
  /// - Throws: `Failure` with what the program says if its exit status is not 0.
  func output(_ arguments: [String], hint: String? = nil) throws -> String {
    let result = try run(arguments)
    guard result.status == 0 else { throw refusal(result, hint: hint) }
    return result.output
  }

  /// The error for a program that did not succeed.
  func refusal(_ result: Result, hint: String? = nil) -> Failure {
    let words = (result.errors.isEmpty ? result.output : result.errors)
      .split(whereSeparator: \.isNewline).joined(separator: "; ")
    let reason = words.isEmpty ? "it ended with status \(result.status)" : words
    return Failure(.failed, "\(name) refused: \(reason)", hint: hint)
  }
}

extension Program {
  /// The environment without what would change the answers of Slurm's commands: variables such as
  /// `SQUEUE_FORMAT`, and the limits of the job in which this process may run itself.
  static func environment(
    from own: [String: String] = ProcessInfo.processInfo.environment
  ) -> [String: String] {
    own.filter { name, _ in
      !name.hasPrefix("SQUEUE_") && !name.hasPrefix("SCANCEL_") && !reserved.contains(name)
        // The configuration, the token for authentication, and the cluster that all commands ask.
        && (!name.hasPrefix("SLURM_") || name.hasPrefix("SLURM_CONF") || name == "SLURM_JWT"
          || name == "SLURM_CLUSTERS")
    }.merging(["LC_ALL": "C"]) { $1 }
  }

  /// The variables that set what `submit` itself sets. With `SBATCH_WAIT`, `sbatch` would not answer
  /// before the jobs have ended.
  private static let reserved: Set<String> = [
    "SBATCH_WAIT", "SBATCH_ARRAY_INX", "SBATCH_CLUSTERS", "SBATCH_OUTPUT", "SBATCH_ERROR",
    "SBATCH_INPUT",
  ]
}

/// A file that takes what a program prints, and is removed with this object.
private final class TemporaryOutput {
  let handle: FileHandle
  private let place = FileManager.default.temporaryDirectory.appending(
    path: "crossfire-\(UUID().uuidString)")

  init() throws {
    let descriptor = open(place.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw Failure.cannotWrite("cannot write \(place.path): \(systemReason())")
    }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  deinit { unlink(place.path) }

  var text: String {
    String(decoding: (try? Data(contentsOf: place)) ?? Data(), as: UTF8.self)
  }
}
