import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("The command crossfire run")
struct RunTests {
  private func experiment(_ folder: TemporaryFolder, _ text: String = smallExperiment) throws
    -> String
  {
    let file = folder.appending("small.yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  @Test("a run writes every file of the run folder")
  func everything() throws {
    let folder = TemporaryFolder()
    let result = try Command.run(
      "run", experiment(folder), "--out", folder.appending("out").path, "--threads", "1")
    #expect(result.status == 0, "\(result.errors)")
    let files = try contents(of: folder.appending("out"))
    for path in [
      "experiment.yaml", "grid.csv", "grid.json", "models/a.safetensors", "models/b.safetensors",
      "predictions/fgsm.a.safetensors", "predictions/tgsm.b.safetensors",
      "examples/fgsm.a.safetensors",
      "report/index.html", "report/report.md", "report/figures/fgsm.svg", "report/figures/fgsm.csv",
      "images/manifest.csv", "images/originals/00000.png", "probes/a.json", "probes/b.json",
      "overlaps.csv",
      "comparisons.csv", "worst.csv",
    ] { #expect(files[path] != nil, "\(path)") }
    let unfinished = files.keys.filter { $0.hasSuffix(".partial") || $0.contains("checkpoint") }
    #expect(unfinished == [])
    let lines = String(decoding: files["grid.csv"] ?? Data(), as: UTF8.self).split(separator: "\n")
    let header: String =
      "attack,epsilon,source,victim,setting,examples,correct,accuracy,ci_low,ci_high,"
      + "targeted_success,images,both_right,success,excluded"
    #expect(lines.first.map(String.init) == header)
    #expect(lines.count == 1 + 2 * 2 * 5)
    #expect(files.keys.filter { $0.hasPrefix("images/images/") }.count == 2 * 3 * 3)
    #expect(result.output.contains("report: "))
  }

  @Test(
    "a second run changes no byte, and running the run folder's experiment.yaml is the same request"
  )
  func again() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    try Command.run("run", experiment(folder), "--out", out.path, "--threads", "1")
    let first = try contents(of: out)
    #expect(
      try Command.run("run", experiment(folder), "--out", out.path, "--threads", "1").status == 0)
    #expect(try contents(of: out) == first)
    let resolved = out.appending(path: "experiment.yaml").path
    #expect(try Command.run("run", resolved, "--out", out.path, "--threads", "1").status == 0)
    #expect(try contents(of: out) == first)
    let log = try String(contentsOf: out.appending(path: "log.jsonl"), encoding: .utf8)
    #expect(log.split(separator: "\n").filter { $0.contains("\"reused\":true") }.count == 2 * 8)
  }

  @Test(
    "changed budgets repeat only that attack, and another seed repeats every step"
  )
  func changed() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    func redone(_ text: String) throws -> [String] {
      let before = try? String(contentsOf: out.appending(path: "log.jsonl"), encoding: .utf8)
      #expect(
        try Command.run("run", experiment(folder, text), "--out", out.path, "--threads", "1").status
          == 0)
      let log = try String(contentsOf: out.appending(path: "log.jsonl"), encoding: .utf8).dropFirst(
        before?.count ?? 0)
      return log.split(separator: "\n").filter { $0.contains("\"reused\":false") }.compactMap {
        $0.firstMatch(of: /"step":"([^"]*)"/).map { String($0.1) }
      }
    }
    #expect(try redone(smallExperiment).count == 8)
    let more = smallExperiment.replacing("target: random", with: "target: next")
    #expect(try redone(more) == ["attack tgsm from a", "attack tgsm from b"])
    let budgets = more.replacing("epsilons: [0, 0.1, 0.3]", with: "epsilons: [0, 0.2, 0.3]")
    let calm = try contents(of: out)
    #expect(try redone(budgets) == ["attack fgsm from a", "attack fgsm from b"])
    let changed = try contents(of: out)
    for path in [
      "models/a.safetensors", "predictions/tgsm.a.safetensors", "predictions/tgsm.b.safetensors",
    ] {
      #expect(changed[path] == calm[path], "\(path)")
    }
    #expect(changed["predictions/fgsm.a.safetensors"] != calm["predictions/fgsm.a.safetensors"])
    #expect(try redone(budgets.replacing("seed: 3", with: "seed: 4")).count == 8)
  }

  @Test("a run that is killed and continued writes the same bytes as an undisturbed run")
  func killed() throws {
    let folder = TemporaryFolder()
    let file = try experiment(folder)
    let calm = folder.appending("calm")
    let started = Date()
    try Command.run("run", file, "--out", calm.path, "--threads", "1")
    let whole = Date().timeIntervalSince(started)
    let expected = try contents(of: calm)
    let out = folder.appending("killed")
    for share in [0.15, 0.3, 0.45, 0.6, 0.75, 0.9] {
      let command = try Command(["run", file, "--out", out.path, "--threads", "1"])
      Thread.sleep(forTimeInterval: whole * share)
      command.kill(SIGKILL)
      _ = command.wait()
    }
    #expect(try Command.run("run", file, "--out", out.path, "--threads", "1").status == 0)
    #expect(try contents(of: out) == expected)
  }

  @Test(
    "an attack that is killed continues with the unfinished batch and writes the same bytes"
  )
  func killedAttack() throws {
    let folder = TemporaryFolder()
    let model = folder.appending("m.safetensors").path
    try Command.run(
      "train", "--data", "synthetic", "--count", "300", "--architecture", "small", "--epochs", "1",
      "--out", model)
    func arguments(_ out: URL) -> [String] {
      [
        "attack", "--model", model, "--data", "synthetic", "--count", "100", "--attack",
        "pgd:steps=300", "--epsilon",
        "0.1", "--batch-size", "10", "--threads", "1", "--out", out.path,
      ]
    }
    let calm = folder.appending("calm.safetensors")
    _ = try Command(arguments(calm)).wait()
    let out = folder.appending("killed.safetensors")
    let journal = folder.appending("killed.safetensors.batches")
    let batches = {
      (try? FileManager.default.contentsOfDirectory(atPath: journal.path).count {
        !$0.hasPrefix(".")
      }) ?? 0
    }
    let command = try Command(arguments(out))
    for _ in 0..<12_000 where batches() < 3 { Thread.sleep(forTimeInterval: 0.01) }
    command.kill(SIGKILL)
    #expect(command.wait().status != 0)
    #expect((3..<10).contains(batches()))
    #expect(try Command(arguments(out)).wait().status == 0)
    #expect(try Data(contentsOf: out) == Data(contentsOf: calm))
    #expect(!FileManager.default.fileExists(atPath: journal.path))
  }

  @Test("Ctrl-C ends a run with status 130 and leaves no incomplete file")
  func interrupted() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    let long = smallExperiment.replacing("epochs: 3", with: "epochs: 3000")
    let command = try Command([
      "run", experiment(folder, long), "--out", out.path, "--threads", "1",
    ])
    let checkpoint = out.appending(path: "models/a.checkpoint.safetensors").path
    for _ in 0..<300 where !FileManager.default.fileExists(atPath: checkpoint) {
      Thread.sleep(forTimeInterval: 0.05)
    }
    command.kill(SIGINT)
    let result = command.wait()
    #expect(result.status == 130)
    #expect(result.errors.contains("interrupted"))
    #expect(try contents(of: out).keys.allSatisfy { !$0.hasSuffix(".partial") })
  }

  @Test("a run of another version is refused while the first one works")
  func locked() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out").path
    let long = try experiment(folder, smallExperiment.replacing("epochs: 3", with: "epochs: 3000"))
    let first = try Command(["run", long, "--out", out, "--threads", "1"])
    for _ in 0..<200 where !FileManager.default.fileExists(atPath: out + "/.claims/model a") {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let second = try Command.run("run", experiment(folder), "--out", out)
    first.kill(SIGKILL)
    _ = first.wait()
    #expect(second.status == 74)
    #expect(second.errors.contains("another crossfire is at work"), "\(second)")
  }

  @Test("a full disk ends a run with status 74, one message and no incomplete file")
  func fullDisk() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    let result = try Command.run(
      "run", experiment(folder), "--out", out.path, limits: "ulimit -f 64")
    #expect(result.status == 74)
    #expect(result.errors.contains("cannot write"))
    #expect(try contents(of: out).keys.allSatisfy { !$0.hasSuffix(".partial") })
  }
}
