import Foundation
import Support
import TestSupport

@testable import Cluster

/// Programs with the names of Slurm's commands, which keep a record of their arguments.
///
/// `sbatch` numbers jobs from 101 on. `squeue` prints the file `queue`.
final class FakeSlurm {
  private let folder = TemporaryFolder()
  var slurm: Slurm { Slurm(path: folder.url.path + ":/usr/bin:/bin") }

  init(largestArray: Int = 1001) throws {
    try program(
      "sbatch",
      """
      count=$(($(cat count 2>/dev/null || echo 100) + 1))
      if [ -e refused ] && [ "$count" = "$(cat refused)" ]; then
        echo 'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy' >&2
        exit 1
      fi
      echo $count > count
      printf '%s\\0' "$@" > call.$count
      echo "$count|${@: -2}" >> marks
      if [ "$count" = "$(cat garbled 2>/dev/null)" ]; then echo 'queue is busy'; exit 0; fi
      echo "$count;cluster"
      """)
    try program(
      "squeue",
      """
      if [ -e silent ]; then echo 'slurm_load_jobs error: Unable to contact' >&2; exit 1; fi
      case "$*" in *--user=*) cat marks 2>/dev/null; exit 0 ;; esac
      printf '%s\\n' "$*" >> squeue.calls
      cat queue 2>/dev/null || true
      """)
    try program("scancel", "printf '%s\\n' \"$@\" >> cancelled")
    try program("scontrol", "echo 'MaxArraySize            = \(largestArray)'")
  }

  private func program(_ name: String, _ body: String) throws {
    let file = folder.appending(name)
    let place = folder.url.path.shellWord
    try "#!/bin/bash\ncd \(place) || exit 9\n\(body)\n".write(
      to: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
  }

  /// The arguments of `sbatch` for a job.
  func call(_ job: Int) -> [String] {
    text("call.\(job)").split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(
      String.init)
  }

  /// The jobs that `scancel` was called for.
  var cancelled: [Int] { text("cancelled").split(separator: "\n").compactMap { Int($0) } }

  /// The number of calls of `squeue`.
  var looks: Int { text("squeue.calls").split(separator: "\n").count }

  /// What `squeue` prints from now on: `101|0|RUNNING|None`.
  func queue(_ lines: [String]) throws {
    try lines.map { $0 + "\n" }.joined().write(
      to: folder.appending("queue"), atomically: true, encoding: .utf8)
  }

  /// Lets `sbatch` refuse a job.
  func refuse(_ job: Int?) throws {
    try? FileManager.default.removeItem(at: folder.appending("refused"))
    try job.map {
      try "\($0)".write(to: folder.appending("refused"), atomically: true, encoding: .utf8)
    }
  }

  /// Lets `sbatch` accept a job and answer something else than its number.
  func garble(_ job: Int?) throws {
    try "\(job ?? 0)".write(to: folder.appending("garbled"), atomically: true, encoding: .utf8)
  }

  /// Whether `squeue` gets no answer.
  func silence(_ isSilent: Bool) throws {
    try? FileManager.default.removeItem(at: folder.appending("silent"))
    if isSilent { try Data().write(to: folder.appending("silent")) }
  }

  private func text(_ name: String) -> String {
    (try? String(contentsOf: folder.appending(name), encoding: .utf8)) ?? ""
  }
}
