import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The commands of Slurm that Crossfire uses: `sbatch`, `squeue`, `scancel` and `scontrol`.
public struct Slurm: Sendable {
  private let path: String

  /// - Parameter path: the folders of the commands, separated by colons; nil for the variable PATH.
  public init(path: String? = nil) {
    self.path = path ?? ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
  }

  private func program(_ name: String) -> Program { Program(name: name, path: path) }

  /// Whether the commands are installed here.
  public var isInstalled: Bool { program("squeue").place != nil }

  /// A task of a job array that has not ended.
  struct Task: Sendable, Hashable {
    let job: Int
    let number: Int
    let isPending: Bool
    /// Whether it waits for a job that has failed, and so will never start.
    let waitsInVain: Bool
  }

  /// Submits a script.
  /// - Returns: the number of the job.
  /// - Throws: `Failure` with the message of `sbatch`.
  func submit(_ arguments: [String]) throws -> Int {
    // The answer is the number, and after a semicolon the name of the cluster if there are several.
    let answer = try program("sbatch").output(["--parsable"] + arguments)
    let lines = answer.split(whereSeparator: \.isNewline)
    guard let word = lines.last?.split(separator: ";").first, let job = Int(word) else {
      throw Failure(
        .failed, "sbatch answered '\(answer)', expected the number of a job",
        hint: "if Slurm has accepted the job, crossfire submit, status and cancel find it")
    }
    return job
  }

  /// The tasks of jobs that wait or run, from one call of `squeue`.
  func tasks(of jobs: [Int]) throws -> [Task] {
    guard !jobs.isEmpty else { return [] }
    let squeue = program("squeue")
    let result = try squeue.run([
      "--noheader", "--array", "--format=%F|%K|%T|%r",
      "--jobs=" + jobs.map(String.init).joined(separator: ","),
    ])
    guard result.status == 0 else {
      // It says this of a single job that ended so long ago that Slurm has forgotten it.
      if result.errors.contains("Invalid job id") { return [] }
      throw squeue.refusal(result)
    }
    return result.output.split(whereSeparator: \.isNewline).compactMap(Self.task)
  }

  private static func task(_ line: Substring) -> Task? {
    let parts = line.split(separator: "|", omittingEmptySubsequences: false)
    guard parts.count >= 4, let job = Int(parts[0]), let number = Int(parts[1]),
      number >= 0
    else { return nil }
    let state = String(parts[2])
    guard !ended.contains(state) else { return nil }
    return Task(
      job: job, number: number,
      isPending: state == "PENDING" || state.hasPrefix("REQUEUE") || state == "SPECIAL_EXIT",
      waitsInVain: parts[3].contains("DependencyNeverSatisfied"))
  }

  private static let ended: Set<String> = [
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
    "PREEMPTED", "REVOKED", "TIMEOUT",
  ]

  /// The number of the job whose script has a word as its last argument; nil if no job of the user
  /// that waits or runs has it.
  func job(marked mark: String) throws -> Int? {
    // %o is the script with its arguments.
    let text = try program("squeue").output([
      "--noheader", "--user=\(getuid())", "--format=%F|%o",
    ])
    var job: Int?
    // The path of a script may go over several lines, of which the first has the number.
    for line in text.split(whereSeparator: \.isNewline) {
      if let bar = line.firstIndex(of: "|"), let number = Int(line[..<bar]) { job = number }
      if line.trimmingCharacters(in: .whitespaces).hasSuffix(" " + mark) { return job }
    }
    return nil
  }

  /// Ends jobs.
  func cancel(_ jobs: [Int]) throws {
    guard !jobs.isEmpty else { return }
    let scancel = program("scancel")
    let result = try scancel.run(jobs.map(String.init))
    // A job may have ended by itself in the meantime.
    let hasEnded = result.errors.split(whereSeparator: \.isNewline).allSatisfy {
      $0.contains("Invalid job id") || $0.contains("already completing or completed")
    }
    guard result.status == 0 || hasEnded && !result.errors.isEmpty else {
      throw scancel.refusal(result)
    }
  }

  /// The largest number of tasks of a job array, which the cluster's configuration sets.
  func largestArray() throws -> Int {
    let text = try program("scontrol").output(["show", "config"])
    guard let match = text.firstMatch(of: /MaxArraySize\s*=\s*(\d+)/), let size = Int(match.1),
      size > 0
    else { return Self.usualArray }
    return size
  }

  /// The largest number of tasks unless the configuration says another.
  static let usualArray = 1001
}
