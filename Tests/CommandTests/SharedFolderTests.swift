import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Processes that share a run folder do every step once and write the bytes of one process")
struct SharedFolderTests {
  private let folder = TemporaryFolder()
  private var out: URL { folder.appending("shared") }

  private func file(_ text: String = smallExperiment) throws -> String {
    let file = folder.appending("small.yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  /// The folder that one process writes.
  private func whole(_ text: String = smallExperiment, batch: String = "256") throws -> [String:
    Data]
  {
    let place = folder.appending("whole")
    try Command.output("run", file(text), "--out", place.path, "--batch-size", batch)
    return try contents(of: place)
  }

  private func start(_ arguments: [String], limits: String? = nil) throws -> Command {
    try Command(
      ["run", try file(), "--out", out.path, "--threads", "1"] + arguments, limits: limits)
  }

  /// The names of the steps that were computed, as often as they were.
  private func computed() throws -> [String] {
    struct Line: Decodable {
      let step: String
      let reused: Bool
    }
    return try String(contentsOf: out.appending(path: "log.jsonl"), encoding: .utf8)
      .split(separator: "\n")
      .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }.filter { !$0.reused }
      .map(\.step).sorted()
  }

  @Test(
    "an attack in parts gives the bytes of the undivided attack, also in more parts than batches")
  func parts() throws {
    func run(_ steps: String...) throws -> Command.Result {
      try start(["--batch-size", "32", "--steps"] + steps).wait()
    }
    #expect(try run("model *", "probe *").status == 0)
    for part in [3, 1, 2] { #expect(try run("attack fgsm from a part \(part) of 3").status == 0) }
    #expect(try run("attack fgsm from b part * of 7", "attack tgsm * part 2 of 2").status == 0)
    let before = try computed()
    #expect(before.contains("attack fgsm from a part 2 of 3"))
    #expect(before.contains("attack tgsm from b part 2 of 2"))
    #expect(try run("attack *").status == 0)
    #expect(try run("report").status == 0)
    #expect(try contents(of: out) == whole(batch: "32"))
    // Parts of an attack that is done have nothing to do.
    #expect(try run("attack fgsm from a part * of 5").status == 0)
    #expect(try contents(of: out) == whole(batch: "32"))
  }

  @Test("wrong parts are refused", arguments: ["5 of 4", "0 of 4", "1 of 0", "1 of 99999"])
  func wrongParts(_ part: String) throws {
    let result = try start(["--steps", "attack fgsm from a part \(part)"]).wait()
    #expect(result.status == 64, "\(result)")
  }

  @Test("many workers take what is free, end with 0 or 75, and do nothing twice")
  func pool() throws {
    let workers = try (0..<8).map { _ in try start(["--steps", "*"]) }
    let ends = workers.map { $0.wait() }
    #expect(ends.allSatisfy { $0.status == 0 || $0.status == 75 }, "\(ends)")
    for end in ends where end.status == 75 {
      #expect(end.errors.contains("nothing is left to do here"), "\(end)")
      #expect(end.errors.contains("--wait"))
    }
    #expect(try start([]).wait().status == 0)
    let steps = try computed()
    #expect(steps.count == Set(steps).count, "\(steps)")
    #expect(try contents(of: out) == whole())
  }

  @Test("runs of the whole experiment share the work and all end with 0")
  func wholeRuns() throws {
    let runs = try (0..<4).map { _ in try start([]) }
    let ends = runs.map { $0.wait() }
    #expect(ends.allSatisfy { $0.status == 0 }, "\(ends)")
    let steps = try computed()
    #expect(steps.count == Set(steps).count, "\(steps)")
    #expect(try contents(of: out) == whole())
  }

  @Test("processes in containers of their own, all with the same number, share a folder")
  func containers() throws {
    let unshare = "unshare --user --map-root-user --fork --pid --mount-proc true"
    guard try Command.run("--version", limits: "\(unshare) || exit 9").status == 0 else {
      print("skipped: this machine does not allow new process namespaces")
      return
    }
    // `limits` runs in the shell before the command, which the shell then replaces. So it replaces
    // itself by one that is the first process of a new namespace.
    let program = Command.program.path
    let workers = try (0..<12).map { _ in
      try start(
        ["--steps", "*"],
        limits: "exec unshare --user --map-root-user --fork --pid --mount-proc '\(program)' \"$@\"")
    }
    let ends = workers.map { $0.wait() }
    #expect(ends.allSatisfy { $0.status == 0 || $0.status == 75 }, "\(ends)")
    #expect(try start([]).wait().status == 0)
    let steps = try computed()
    #expect(steps.count == Set(steps).count, "\(steps)")
    #expect(try contents(of: out) == whole())
  }

  /// An experiment whose first model takes long, and the claim of its step.
  private var long: String { smallExperiment.replacing("epochs: 3", with: "epochs: 150") }

  private func awaitFile(_ path: String) {
    for _ in 0..<400 where !FileManager.default.fileExists(atPath: out.path + "/" + path) {
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  @Test(
    "a worker does not wait unless it is asked to, and --wait goes on after the other was killed")
  func waiting() throws {
    _ = try file(long)
    let first = try Command([
      "run", folder.appending("small.yaml").path, "--out", out.path, "--threads", "1", "--steps",
      "model a",
    ])
    awaitFile("models/a.checkpoint.safetensors")
    func second(_ more: String...) throws -> Command {
      try Command(
        [
          "run", folder.appending("small.yaml").path, "--out", out.path, "--threads", "1",
          "--steps",
          "model *",
        ] + more)
    }
    let impatient = try second().wait()
    #expect(impatient.status == 75, "\(impatient)")
    #expect(impatient.errors.contains("'model a'"), "\(impatient)")
    let patient = try second("--wait")
    patient.awaitErrors(containing: "waiting for 'model a'")
    first.kill(SIGKILL)
    _ = first.wait()
    let end = patient.wait()
    #expect(end.status == 0, "\(end)")
    #expect(end.errors.contains("waiting for 'model a'"), "\(end)")
    #expect(try contents(of: out).keys.contains("models/a.safetensors"))
  }

  @Test("SIGUSR1 stops a training after its epoch with 75, and the run continues to the same bytes")
  func stopped() throws {
    _ = try file(long)
    let path = folder.appending("small.yaml").path
    let run = ["run", path, "--out", out.path, "--threads", "1"]
    let first = try Command(run)
    awaitFile("models/a.checkpoint.safetensors")
    first.kill(SIGUSR1)
    let stopped = first.wait()
    #expect(stopped.status == 75, "\(stopped)")
    #expect(stopped.errors.contains("SIGUSR1"), "\(stopped)")
    #expect(!FileManager.default.fileExists(atPath: out.path + "/models/a.safetensors"))
    #expect(try Command(run).wait().status == 0)
    let place = folder.appending("whole")
    #expect(try Command.run("run", path, "--out", place.path, "--threads", "1").status == 0)
    #expect(try contents(of: out) == contents(of: place))
  }

  @Test("a result whose step is marked as done but that does not appear is waited for")
  func late() throws {
    #expect(try start(["--steps", "model *"]).wait().status == 0)
    let (model, hidden) = (out.appending(path: "models/b.safetensors"), folder.appending("b"))
    try FileManager.default.moveItem(at: model, to: hidden)
    let attack = try start(["--steps", "attack * from a"])
    Thread.sleep(forTimeInterval: 3)
    #expect(attack.process.isRunning)
    try FileManager.default.moveItem(at: hidden, to: model)
    let end = attack.wait()
    #expect(end.status == 0, "\(end)")
  }
}
