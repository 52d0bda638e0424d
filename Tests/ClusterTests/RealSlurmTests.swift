import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import Cluster

/// Whether this machine has a Slurm that answers.
private let hasSlurm =
  ProcessInfo.processInfo.environment["SLURM_CONF"] != nil
  && (try? Program(
    name: "sinfo", path: ProcessInfo.processInfo.environment["PATH"] ?? ""
  ).output(["--noheader"])) != nil

@Suite(
  "With a real Slurm", .serialized,
  .enabled(if: hasSlurm, "SLURM_CONF is not set, or sinfo does not answer"))
struct RealSlurmTests {
  /// A run whose steps are done by a stand-in for crossfire, which notes their names in `did`.
  /// - Parameter body: what it does before it succeeds.
  private func run(_ body: String = "", name: String = "a 'run' 100% ü") throws -> SomeRun {
    let tools = FileManager.default.temporaryDirectory.appending(
      path: "crossfire-tool-\(UUID().uuidString)")
    try """
    #!/bin/bash
    out=$4
    \(body)
    while [ "$1" != --steps ]; do shift; done
    for step in "${@:2}"; do
      [ "$step" = --wait ] && break
      echo "$SLURM_ARRAY_TASK_ID $step" >> "$out/did"
    done
    """.write(to: tools, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tools.path)
    return try SomeRun(SomeRun.text + "\ncluster: { command: \(tools.path) }\n", name: name)
  }

  private func submission(_ run: SomeRun) -> Submission {
    Submission(run.experiment, into: run.out, executable: "/nowhere")
  }

  /// Waits until no job of the run waits or runs.
  private func wait(_ run: SomeRun) throws {
    // Slurm starts a task again after two minutes.
    for _ in 0..<900 {
      if try FolderStatus(of: run.out).isAtWork == false { return }
      Thread.sleep(forTimeInterval: 0.3)
    }
    Issue.record("the jobs did not end")
  }

  private func did(_ run: SomeRun) -> [String] {
    let text = (try? String(contentsOf: run.out.appending(path: "did"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  @Test("all steps are done once, each after those that it needs, and logs have their places")
  func whole() throws {
    let run = try run()
    var submission = submission(run)
    submission.maxTasks = 2
    let jobs = try submission.submit().jobs
    #expect(jobs.count == 5)
    // Everything is in jobs already, so nothing is submitted twice.
    #expect(try submission.submit().jobs.isEmpty)
    try wait(run)
    let did = did(run)
    let names = did.map { String($0.split(separator: " ", maxSplits: 1)[1]) }
    #expect(Set(names) == Set(run.experiment.steps.map(\.name)))
    #expect(did.count == 13 && did.last == "0 report" && did[2] == "0 model both")
    #expect(did.contains("1 attack fgsm from b") && did.contains("0 attack fgsm from a"))
    let log = run.out.appending(path: "jobs/logs/0003-attacks.\(jobs[2].id)_1.log")
    #expect(FileManager.default.fileExists(atPath: log.path))
  }

  @Test("a task that stops early is queued again, and its dependants wait for it")
  func requeue() throws {
    let run = try run(
      """
      if [ ! -e "$out/again" ] && [ "$SLURM_ARRAY_TASK_ID" = 1 ]; then
        touch "$out/again"; exit 75
      fi
      """)
    _ = try submission(run).submit()
    try wait(run)
    #expect(did(run).count == 13 && did(run).last == "0 report")
  }

  @Test("what waits for a failed step ends, the failure is shown, and submit repeats it")
  func failure() throws {
    let run = try run(
      """
      case "$*" in
        *"attack pgd from a"*) [ -e "$out/mended" ] || { echo "no memory" >&2; exit 1; } ;;
      esac
      """)
    _ = try submission(run).submit()
    try wait(run)
    try run.finish(did(run).map { String($0.split(separator: " ", maxSplits: 1)[1]) })
    let status = try FolderStatus(of: run.out)
    #expect(status.failures.map(\.step) == ["attack pgd from a"])
    #expect(status.failures.first?.line == "no memory")
    #expect(status.total.done == 11 && status.total.blocked == 1 && status.total.failed == 1)
    try Data().write(to: run.out.appending(path: "mended"))
    let again = try submission(run).submit()
    #expect(again.jobs.map(\.steps) == [1, 1] && again.jobs.map(\.group) == [.attacks, .report])
    try wait(run)
    #expect(did(run).last == "0 report")
  }

  @Test("cancel ends all jobs, and a refused option is reported with nothing left behind")
  func cancel() throws {
    let run = try run("sleep 60")
    let outcome = try submission(run).submit()
    let cancelled = try Cancellation(of: run.out)
    #expect(cancelled.jobs.map(\.id) == outcome.jobs.map(\.id))
    try wait(run)
    #expect(try Cancellation(of: run.out).jobs.isEmpty)
    var refused = submission(run)
    refused.options = ["--partition=nowhere"]
    #expect { try refused.submit() } throws: {
      "\($0)".contains("invalid partition") && "\($0)".contains("No job was submitted")
    }
  }
}
