import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import Cluster

@Suite("crossfire submit gives steps to Slurm")
struct SubmissionTests {
  @Test("jobs wait for those that they need, and models for the models that they are made of")
  func order() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun(name: "a 'run' of 100 % ü"))
    var submission = run.submission(slurm)
    submission.options = ["--partition", "gpu two"]
    let outcome = try submission.submit()
    #expect(outcome.jobs.map(\.id) == Array(101...105) && outcome.done == 0 && outcome.left == 0)
    #expect(outcome.jobs.map(\.group) == [.models, .models, .attacks, .probes, .report])
    #expect(outcome.jobs.map(\.steps) == [2, 1, 6, 3, 1])
    #expect(
      outcome.jobs.map(\.needs) == [
        [], ["101"], ["101", "102"], ["101", "102"], ["101", "102", "103", "104"],
      ])
    #expect(try run.list("0001-models") == ["model a", "model b"])
    #expect(try run.list("0002-models") == ["model both"])
    #expect(try run.list("0005-report") == ["report"])
    let jobs = run.out.path + "/jobs"
    #expect(
      slurm.call(103).dropLast() == [
        "--parsable", "--array=0-5",
        "--output=\(jobs.replacing("%", with: "%%"))/logs/0003-attacks.%A_%a.log",
        "--dependency=afterok:101:102", "--partition", "gpu two", "\(jobs)/0003-attacks.sh",
      ])
    // The tasks read the same experiment.
    let stored = try Experiment(URL(filePath: jobs + "/experiment.yaml"))
    #expect(try stored.resolved() == run.experiment.resolved())
    #expect(
      try String(contentsOf: run.out.appending(path: "experiment.yaml"), encoding: .utf8)
        == run.experiment.resolved())
  }

  @Test("attacks are divided into parts, merged afterwards, and put into a number of tasks")
  func parts() throws {
    let (slurm, run) = (try FakeSlurm(largestArray: 10), try SomeRun())
    var submission = run.submission(slurm)
    submission.parts = 4
    let outcome = try submission.submit()
    // 24 parts in arrays of at most 10 tasks.
    #expect(
      outcome.jobs.map(\.group).suffix(6) == [
        .attacks, .attacks, .attacks, .probes, .merges, .report,
      ])
    #expect(outcome.jobs.map(\.steps) == [2, 1, 8, 8, 8, 3, 6, 1])
    #expect(outcome.jobs.map(\.tasks) == outcome.jobs.map(\.steps))
    #expect(try run.list("0003-attacks").first == "attack fgsm from a part 1 of 4")
    #expect(outcome.jobs[6].needs == ["103", "104", "105"])
    let again = try SomeRun()
    var few = again.submission(slurm)
    (few.parts, few.maxTasks) = (4, 5)
    #expect(try few.submit().jobs.map(\.tasks) == [2, 1, 5, 3, 5, 1])
  }

  @Test("what is done is not submitted, and neither are the parts of an attack that is done")
  func done() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    try run.finish(["model a", "model b", "model both", "attack fgsm from a", "probe a"])
    var submission = run.submission(slurm)
    submission.parts = 2
    let outcome = try submission.submit()
    #expect(outcome.done == 7)
    #expect(outcome.jobs.map(\.steps) == [10, 2, 5, 1])
    #expect(outcome.jobs.map(\.needs) == [[], [], ["101"], ["102", "103"]])
    let all = run.experiment.steps(parts: 2).map(\.name)
    try run.finish(all, parts: 2)
    for file in ["grid.json", "report"] { try Data().write(to: run.out.appending(path: file)) }
    #expect(try submission.submit().jobs.isEmpty)
  }

  @Test("steps of jobs that wait or run are left to them, and new jobs wait for them")
  func live() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    _ = try run.submission(slurm).submit()
    try run.finish(["model a", "model b", "model both", "attack fgsm from a"])
    // Of the attacks, task 0 is done, 1 has failed, 2 runs, and the others wait. The report waits
    // for a task that has failed, and so in vain.
    try slurm.queue(
      ["103|2|RUNNING|None"] + (3...5).map { "103|\($0)|PENDING|Resources" }
        + (0...2).map { "104|\($0)|PENDING|Priority" } + ["105|0|PENDING|Dependency"])
    let outcome = try run.submission(slurm).submit()
    #expect(outcome.left == 7 && outcome.cancelled == [105] && slurm.cancelled == [105])
    #expect(outcome.jobs.map(\.group) == [.attacks, .report])
    #expect(try run.list("0006-attacks") == ["attack fgsm from b"])
    #expect(outcome.jobs[1].needs == ["103_2", "103_3", "103_4", "103_5", "104", "106"])
    #expect(slurm.looks == 1)
    // Everything waits or runs now.
    try slurm.queue(
      (2...5).map { "103|\($0)|RUNNING|None" } + (0...2).map { "104|\($0)|RUNNING|None" }
        + ["106|0|PENDING|Priority", "107|0|PENDING|Dependency"])
    let nothing = try run.submission(slurm).submit()
    #expect(nothing.jobs.isEmpty && nothing.left == 9 && nothing.cancelled.isEmpty)
  }

  @Test("while jobs wait or run, another version of the experiment and other parts are refused")
  func refusals() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    _ = try run.submission(slurm).submit()
    try slurm.queue(["101|0|RUNNING|None"])
    let text = SomeRun.text.replacing("[0.1]", with: "[0.2]")
    var other = Submission(
      try Experiment(.yaml(text, file: "some.yaml")), into: run.out, executable: "crossfire")
    other.slurm = slurm.slurm
    #expect(throws: Failure.self) { try other.submit() }
    var divided = run.submission(slurm)
    divided.parts = 3
    #expect { try divided.submit() } throws: { "\($0)".contains("--parts 1 wait or run") }
    // Afterwards the folder takes the other version.
    try slurm.queue([])
    #expect(try other.submit().jobs.count == 5)
    #expect(
      try String(contentsOf: run.out.appending(path: "experiment.yaml"), encoding: .utf8)
        == other.experiment.resolved())
  }

  @Test("a refusal in the middle leaves the jobs before it, and the next submission adds the rest")
  func halfway() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    try slurm.refuse(103)
    #expect { try run.submission(slurm).submit() } throws: {
      "\($0)".contains("QOS policy") && "\($0)".contains("101 (models), 102 (models)")
    }
    #expect(try JobBook(JobFolder(of: run.out)).jobs.map(\.id) == [101, 102])
    try slurm.refuse(nil)
    try slurm.queue(["101|0|RUNNING|None", "101|1|RUNNING|None", "102|0|PENDING|Dependency"])
    let rest = try run.submission(slurm).submit()
    #expect(rest.jobs.map(\.group) == [.attacks, .probes, .report])
    #expect(rest.jobs[0].needs == ["101", "102"])
  }

  @Test("a job that Slurm has accepted without a readable answer is found by its mark")
  func lost() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    try slurm.garble(102)
    #expect { try run.submission(slurm).submit() } throws: { "\($0)".contains("sbatch answered") }
    let book = try JobBook(JobFolder(of: run.out))
    #expect(book.jobs.map(\.id) == [101] && slurm.call(102).last == book.attempt?.mark)
    try slurm.queue(["101|0|RUNNING|None", "101|1|RUNNING|None", "102|0|PENDING|Dependency"])
    #expect(try run.status(slurm).counts(.models)?.waiting == 1)
    try slurm.garble(nil)
    let rest = try run.submission(slurm).submit()
    #expect(rest.left == 3 && rest.jobs.map(\.group) == [.attacks, .probes, .report])
    #expect(rest.jobs[0].needs == ["101", "102"])
    #expect(try JobBook(JobFolder(of: run.out)).attempt == nil)
  }

  @Test("cancel ends a job whose number was lost, and one that was refused is forgotten")
  func lostAndCancelled() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    try slurm.garble(101)
    #expect(throws: Failure.self) { try run.submission(slurm).submit() }
    try slurm.queue(["101|0|RUNNING|None"])
    #expect(try Cancellation(of: run.out, slurm: slurm.slurm).jobs.map(\.id) == [101])
    #expect(slurm.cancelled == [101])
    try slurm.garble(nil)
    try slurm.queue([])
    try slurm.refuse(102)
    #expect(throws: Failure.self) { try run.submission(slurm).submit() }
    #expect(try Cancellation(of: run.out, slurm: slurm.slurm).jobs.isEmpty)
    #expect(try JobBook(JobFolder(of: run.out)).attempt == nil)
  }

  @Test("a file with the largest number in the folder of jobs does no harm")
  func numbers() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    let jobs = JobFolder(of: run.out)
    try FileManager.default.createDirectory(at: jobs.url, withIntermediateDirectories: true)
    try Data().write(to: jobs.url.appending(path: "9223372036854775807-x"))
    #expect(try run.submission(slurm).submit().jobs.count == 5)
    #expect(jobs.nextNumber() == 6)
  }

  @Test("two submissions at the same time exclude each other")
  func exclusive() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun())
    let claim = try #require(try Claim(run.out.appending(path: "jobs/.claim")))
    #expect { try run.submission(slurm).submit() } throws: {
      "\($0)".contains("another crossfire submit is at work")
    }
    withExtendedLifetime(claim) {}
  }

  @Test("a preview writes nothing, and needs no Slurm")
  func preview() throws {
    let run = try SomeRun()
    var submission = Submission(run.experiment, into: run.out, executable: "/bin/crossfire")
    submission.slurm = Slurm(path: "/nowhere")
    let text = try submission.preview()
    #expect(text.contains("--dependency=afterok:<job of 0001-models>"))
    #expect(text.contains("# 5 jobs; 0 of 13 steps are done"))
    #expect(!FileManager.default.fileExists(atPath: run.out.path))
    #expect { try submission.submit() } throws: { "\($0)".contains("is not installed") }
    // A folder with nothing but `jobs` would be none that the next submission takes.
    #expect(!FileManager.default.fileExists(atPath: run.out.path))
  }

  @Test("options that submit sets itself are refused, and a backslash in the path")
  func options() throws {
    let (slurm, run) = (try FakeSlurm(), try SomeRun(name: "a\\b"))
    var submission = run.submission(slurm)
    #expect(throws: Failure.self) { try submission.submit() }
    submission = try SomeRun().submission(slurm)
    submission.options = ["--dependency=singleton"]
    #expect { try submission.submit() } throws: { "\($0)".contains("itself sets this option") }
  }
}
