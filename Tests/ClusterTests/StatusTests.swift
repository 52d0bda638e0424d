import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import Cluster

@Suite("crossfire status and cancel")
struct StatusTests {
  @Test("steps are done, running, waiting, failed or blocked, and failures show their logs")
  func states() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    var submission = run.submission(slurm)
    submission.maxTasks = 2
    _ = try submission.submit()
    try run.finish(["model a", "model b", "attack fgsm from a"], seconds: 60)
    try slurm.queue([
      "101|0|COMPLETED|None", "103|0|RUNNING|None", "104|0|PENDING|Resources",
      "104|1|PENDING|Resources",
    ])
    let logs = run.out.appending(path: "jobs/logs")
    try "0 %\ncrossfire: model both: no memory\n  hint: buy some\n\n".write(
      to: logs.appending(path: "0002-models.102_0.log"), atomically: true, encoding: .utf8)
    let status = try run.status(slurm)
    let models = try #require(status.counts(.models))
    #expect(models.done == 2 && models.failed == 1 && models.steps == 3)
    let attacks = try #require(status.counts(.attacks))
    // Task 0 does the attacks 0, 2 and 4, and is at the second. Task 1 was never started.
    #expect(attacks.done == 1 && attacks.running == 1 && attacks.waiting == 1)
    #expect(attacks.blocked == 3 && attacks.secondsLeft == 300)
    // The probes wait for an array of which a task has failed.
    #expect(status.counts(.probes)?.blocked == 3 && status.counts(.probes)?.secondsLeft == nil)
    #expect(status.counts(.report)?.blocked == 1)
    #expect(status.failures.map(\.step) == ["model both"])
    #expect(status.failures[0].line == "crossfire: model both: no memory")
    #expect(status.failures[0].log == "jobs/logs/0002-models.102_0.log")
    #expect(status.total.done == 3 && status.total.steps == 13 && status.isAtWork)
    let text = status.text
    let lines = text.components(separatedBy: "\n").dropFirst()
    #expect(text.contains("3 of 13 steps") && text.contains("without probes and report"), "\(text)")
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(text)")
  }

  @Test("without Slurm, claims say what runs, and nothing counts as failed")
  func claims() throws {
    let run = try SomeRun()
    let slurm = try FakeSlurm()
    _ = try run.submission(slurm).submit()
    try run.finish(["model a"])
    let claim = ClaimedStep(step: "model b", host: "n1", process: 7, seconds: 90)
    let status = try FolderStatus(of: run.out, slurm: Slurm(path: "/nowhere")) { _ in [claim] }
    #expect(status.total.done == 1 && status.total.running == 1 && status.total.failed == 0)
    #expect(status.total.waiting == 11 && !status.notices.isEmpty && status.isAtWork)
    #expect(status.text.contains("model b: process 7 on n1, for 2 min"))
  }

  @Test("a folder that is no run folder is refused, and one that was never submitted is not")
  func folders() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    #expect { try run.status(slurm) } throws: { ($0 as? Failure)?.kind == .missing }
    #expect(throws: Failure.self) { try Cancellation(of: run.out, slurm: slurm.slurm) }
    try AtomicFile.write(
      try run.experiment.resolved(), to: run.out.appending(path: "experiment.yaml"))
    #expect(try run.status(slurm).total.waiting == 13)
    #expect(try Cancellation(of: run.out, slurm: slurm.slurm).jobs.isEmpty && slurm.looks == 0)
  }

  @Test("cancel ends the jobs that wait or run, and says which")
  func cancel() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    _ = try run.submission(slurm).submit()
    try slurm.queue(["102|0|RUNNING|None", "103|0|PENDING|Dependency", "103|1|PENDING|Dependency"])
    let cancellation = try Cancellation(of: run.out, slurm: slurm.slurm)
    #expect(cancellation.jobs.map(\.id) == [102, 103] && cancellation.jobs.map(\.tasks) == [1, 2])
    #expect(slurm.cancelled == [103, 102])
  }

  @Test("a newer version that was run in the folder is shown once no job waits or runs")
  func versions() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    _ = try run.submission(slurm).submit()
    try slurm.queue(["101|0|RUNNING|None"])
    let newer = try Experiment(
      .yaml(SomeRun.text + "\n  bim: { epsilons: [0.1] }\n", file: "some.yaml"))
    try AtomicFile.write(newer.resolved(), to: run.out.appending(path: "experiment.yaml"))
    #expect(try run.status(slurm).total.steps == 13)
    try slurm.queue([])
    let status = try run.status(slurm)
    #expect(status.total.steps == 16 && status.total.failed == 0 && status.total.waiting == 16)
  }

  @Test("a watch goes on when Slurm does not answer for some time, and ends when it never does")
  func patience() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    _ = try run.submission(slurm).submit()
    var watch = FolderWatch(run.out, slurm: slurm.slurm)
    #expect(try watch.look() != nil)
    try slurm.silence(true)
    for _ in 0..<FolderWatch.patience { #expect(try watch.look() == nil) }
    try slurm.silence(false)
    #expect(try watch.look() != nil)
    try slurm.silence(true)
    for _ in 0..<FolderWatch.patience { #expect(try watch.look() == nil) }
    #expect(throws: Failure.self) { try watch.look() }
    var other = FolderWatch(run.folder.appending("none"), slurm: slurm.slurm)
    #expect { try other.look() } throws: { ($0 as? Failure)?.kind == .missing }
  }

  @Test("a damaged list of jobs is an error")
  func damage() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    _ = try run.submission(slurm).submit()
    let job =
      "\"name\":\"0001-models\",\"group\":\"models\",\"needs\":[],\"submitted\":\"\",\"steps\":2"
    for text in [
      "{", "{\"format\":9,\"parts\":1,\"jobs\":[]}", "{\"format\":1,\"parts\":0,\"jobs\":[]}",
      "{\"format\":1,\"parts\":-3,\"jobs\":[]}", "{\"format\":1,\"parts\":1000000000,\"jobs\":[]}",
      "{\"format\":1,\"parts\":1,\"jobs\":[{\"id\":0,\"tasks\":1,\(job)}]}",
      "{\"format\":1,\"parts\":1,\"jobs\":[{\"id\":7,\"tasks\":0,\(job)}]}",
      "{\"format\":1,\"parts\":1,\"jobs\":[{\"id\":7,\"tasks\":9223372036854775807,\(job)}]}",
    ] {
      try text.write(
        to: run.out.appending(path: "jobs/jobs.json"), atomically: true, encoding: .utf8)
      #expect { try run.status(slurm) } throws: { ($0 as? Failure)?.kind == .badData }
    }
  }
}
