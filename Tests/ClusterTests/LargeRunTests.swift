import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import Cluster

@Suite("Runs of ten thousand steps")
struct LargeRunTests {
  /// 20 models × 15 attacks × 33 parts.
  private func run() throws -> SomeRun {
    let models = (1...20).map { "  m\($0): { file: m\($0).pth }" }.joined(separator: "\n")
    let attacks = (1...15).map { "  a\($0): { attack: fgsm, epsilons: [0.1] }" }
      .joined(separator: "\n")
    return try SomeRun(
      "name: large\ndata: { name: ./x.npz }\nmodels:\n\(models)\nattacks:\n\(attacks)\n")
  }

  @Test("a submission calls sbatch once for each array, and a status squeue once")
  func submission() throws {
    let (slurm, run) = (try FakeSlurm(), try run())
    var submission = run.submission(slurm)
    submission.parts = 33
    let clock = ContinuousClock()
    var started = clock.now
    let outcome = try submission.submit()
    let submitting = clock.now - started
    // Models, parts of attacks in ten arrays, probes, merges and the report.
    #expect(outcome.jobs.map(\.steps) == [20] + [Int](repeating: 990, count: 10) + [20, 300, 1])
    let lines = (101...111).flatMap { job in (0..<1001).map { "\(job)|\($0)|RUNNING|None" } }
    try slurm.queue(lines)
    let looks = slurm.looks
    started = clock.now
    let status = try run.status(slurm)
    let looking = clock.now - started
    #expect(status.total.running == 9920)
    #expect(slurm.looks == looks + 1)
    // The limits allow for a busy machine; alone, both take less than two seconds.
    #expect(submitting < .seconds(60) && looking < .seconds(60), "\(submitting), \(looking)")
  }

  @Test("a watch reads the mark of each step that is done once")
  func watch() throws {
    let (slurm, run) = (try FakeSlurm(), try run())
    try AtomicFile.write(
      run.experiment.resolved(), to: run.out.appending(path: "experiment.yaml"))
    let parts = run.experiment.steps(parts: 33).filter { $0.kind == .part }
    let names = parts.map(\.name)
    // One part of each attack creates what all of them share. The marks of the others are written
    // without a call of the system that waits for the disk.
    try run.finish(names.filter { $0.hasSuffix("part 1 of 33") }, parts: 33)
    let keys = try StepKeys(run.experiment)
    for part in parts.dropLast(100) {
      try Data("{\"seconds\":2}".utf8).write(
        to: run.out.appending(path: ".steps/\(part.name).\(keys(part).prefix(16)).done"))
    }
    var watch = FolderWatch(run.out, parts: 33, slurm: slurm.slurm)
    #expect(try watch.look()?.total.done == 9803)
    #expect(watch.times.reads == 9803)
    try run.finish(Array(names.suffix(3)), parts: 33)
    let clock = ContinuousClock()
    let started = clock.now
    #expect(try watch.look()?.total.done == 9806)
    #expect(clock.now - started < .seconds(40))
    #expect(watch.times.reads == 9806)
  }

  @Test("thousands of steps are found by their names, in little time")
  func names() throws {
    let experiment = try run().experiment
    let parts = experiment.steps(parts: 33).filter { $0.kind == .part }
    let clock = ContinuousClock()
    let started = clock.now
    let found = try experiment.steps(matching: parts.map(\.name))
    let time = clock.now - started
    #expect(found == parts)
    // A step that is named twice is done once.
    let twice = try experiment.steps(matching: ["model m1", "model m1"])
    #expect(twice.count == 1)
    #expect(time < .seconds(40), "\(time)")
  }
}
